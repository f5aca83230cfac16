"""A citizen's headless browser: fetches the real pages and submits their forms."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from urllib.parse import urlencode

from django.test import Client

from accountability.demo.opinions import Opinion

DIGITS = "2020"
REVIEW = "/ballot/review/"
TAGS = re.compile(r"<(form|input)\b([^>]*)>")
ATTRIBUTES = re.compile(r'([\w-]+)="([^"]*)"')
HIDDEN = 'type="hidden"'
ENCODED = "application/x-www-form-urlencoded"


class FormReader:
    """Collects a page's forms: action -> hidden fields with their values.

    Our own templates quote every attribute, so that two patterns do; `html.parser` took a third of a demonstration.
    """

    def __init__(self, page: str) -> None:
        self.forms: dict[str, dict[str, list[str]]] = {}
        fields: dict[str, list[str]] = {}
        for tag, text in TAGS.findall(page):
            if tag == "form":
                fields = self.forms.setdefault(_attributes(text).get("action", ""), {})
            elif HIDDEN in text:
                attributes = _attributes(text)
                fields.setdefault(attributes["name"], []).append(attributes.get("value", ""))


def _attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in ATTRIBUTES.findall(text)}


class Citizen:
    """A browser that voters use one after another; it keeps no cookie."""

    def __init__(self) -> None:
        self._client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
        self._entrance = self._client.get("/ballot/").content.decode()

    def vote(self, code: str, opinion: Opinion) -> str:
        """Cast a ballot over its pages with a code; return the HTML of the last one."""
        page = self._submit(self._entrance, "/ballot/", {"code": code})
        page = self._submit(page, "/ballot/rate/", {"section": list(opinion.answers)})
        while REVIEW not in (forms := FormReader(page).forms):
            page = self._submit(page, "/ballot/rate/", _filled_in(opinion, forms["/ballot/rate/"]["shown"]))
        page = self._submit(page, REVIEW, _filled_in(opinion, forms[REVIEW]["shown"]) | {"comment": opinion.comment})
        return self._submit(page, "/ballot/cast/", {"digits": DIGITS})

    def _submit(self, page: str, action: str, typed: Mapping[str, str | Sequence[str]]) -> str:
        forms = FormReader(page).forms
        if action not in forms:
            raise RuntimeError(f"the page has no form that leads to {action}")
        return self._send(action, {**forms[action], **typed})

    def _send(self, action: str, fields: Mapping[str, object]) -> str:
        response = self._client.post(action, urlencode(fields, doseq=True), content_type=ENCODED)
        if response.status_code != 200:
            raise RuntimeError(f"{action} answered {response.status_code}")
        return response.content.decode()


def _filled_in(opinion: Opinion, shown: Sequence[str]) -> dict[str, str | Sequence[str]]:
    """Return the fields of the sections on a page."""
    fields: dict[str, str | Sequence[str]] = {}
    for section in shown:
        fields |= {f"{section}.{indicator}": answer for indicator, answer in opinion.answers[section].items()}
        fields[f"{section}.manifestations"] = opinion.ticks[section]
    return fields
