"""A citizen's headless browser: fetches the real pages and submits their forms."""

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from secrets import randbelow

from django.test import Client

from accountability.demo.opinions import Opinion

DIGITS = "2020"


class FormReader(HTMLParser):
    """Collects a page's forms: action -> hidden fields with their values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._fields: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a form, or add a hidden field to the current one."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.forms.setdefault(attributes.get("action", ""), {})
        elif tag == "input" and attributes.get("type") == "hidden":
            self._fields.setdefault(attributes["name"], []).append(attributes.get("value", ""))


class Citizen:
    """A browser that voters use one after another; it keeps no cookie."""

    def __init__(self) -> None:
        self._client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
        self._front = self._client.get("/").content.decode()
        self._entrance = self._client.get("/ballot/").content.decode()

    def vote(self, code: str, opinion: Opinion) -> str:
        """Cast a ballot over the five pages with a code; return the HTML of the last page."""
        page = self._submit(self._entrance, "/ballot/", {"code": code})
        page = self._submit(page, "/ballot/rate/", {"section": list(opinion.answers)})
        page = self._submit(page, "/ballot/review/", _filled_in(opinion))
        page = self._submit(page, "/ballot/receipt/", {"digits": DIGITS})
        return self._submit(page, "/ballot/cast/", {})

    def claim(self, batch_id: int) -> str:
        """Claim a code of a self-service batch (自助领票) and return it."""
        self._client.cookies.clear()  # the next citizen has another phone, in another network
        self._client.defaults["REMOTE_ADDR"] = f"10.{randbelow(256)}.{randbelow(256)}.1"
        page = self._submit(self._front, "/ballot/claim/", {"batch": str(batch_id)})
        return FormReader(page).forms["/ballot/"]["code"][0]

    def _submit(self, page: str, action: str, typed: Mapping[str, str | Sequence[str]]) -> str:
        forms = FormReader(page).forms
        if action not in forms:
            raise RuntimeError(f"the page has no form that leads to {action}")
        return self._send(action, {**forms[action], **typed})

    def _send(self, action: str, fields: Mapping[str, object]) -> str:
        response = self._client.post(action, dict(fields))
        if response.status_code != 200:
            raise RuntimeError(f"{action} answered {response.status_code}")
        return response.content.decode()


def _filled_in(opinion: Opinion) -> dict[str, str | Sequence[str]]:
    fields: dict[str, str | Sequence[str]] = {"comment": opinion.comment}
    for section, answers in opinion.answers.items():
        fields |= {f"{section}.{indicator}": answer for indicator, answer in answers.items()}
        fields[f"{section}.manifestations"] = opinion.ticks[section]
    return fields
