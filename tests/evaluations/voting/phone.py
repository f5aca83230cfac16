"""A phone that goes through the ballot's pages, and the refusals it meets."""

import json

from django.test import Client

from accountability.demo.citizens import FormReader
from evaluations.ballots.models import BallotSpool
from evaluations.codes.models import Credential
from tests.factories import make_codes, raw_answers

COMMENT = "写了很久的意见"


class Phone:
    """A browser going through the form."""

    def __init__(self, round_, **options):
        self.client = Client(**options)
        self.round = round_
        (self.code,) = make_codes(round_)
        page = self.client.post("/ballot/", {"code": self.code}).content.decode()
        self.admission = FormReader(page).forms["/ballot/rate/"]["admission"][0]
        self.sections = list(round_.sections.values_list("code", flat=True))

    def answers(self, section=None, **changes):
        section = section or self.sections[0]
        fields = {"section": [section], "shown": [section], "comment": COMMENT}
        fields |= {"code": self.code, "admission": self.admission}
        fields |= {f"{section}.{key}": value for key, value in raw_answers().items()}
        return {
            **fields,
            **{
                key.replace("__", f"{section}.", 1) if key.startswith("__") else key: value
                for key, value in changes.items()
            },
        }

    def review(self, **changes):
        return self.client.post("/ballot/review/", self.answers(**changes))

    def reviewed(self, **changes):
        vote = json.dumps([[self.sections[0], raw_answers(), []]])
        fields = {"code": self.code, "admission": self.admission, "vote": vote, "comment": COMMENT}
        fields["section"] = _sections_in(changes.get("vote", vote)) or self.sections[:1]
        return self.client.post("/ballot/review/", {**fields, **changes})

    def last_page(self, digits="1234", **changes):
        """Return the fields of the form that casts."""
        fields = cast_fields(self.reviewed(**changes))
        return {**fields, "digits": digits} if fields else {}

    def cast(self, **changes):
        """Continue from the review, if it is reached."""
        shown = self.last_page(**changes)
        changes.pop("digits", None)
        return self.client.post("/ballot/cast/", shown) if shown else self.reviewed(**changes)


def _sections_in(vote):
    """Return the sections of a hidden vote; none if it cannot be read."""
    try:
        rows = json.loads(vote)
        return [section for section, *_ in rows] if isinstance(rows, list) else []
    except (ValueError, TypeError, RecursionError):
        return []


class CookielessPhone(Client):
    """A browser that keeps no cookie, as WeChat's sometimes does."""

    def __init__(self):
        super().__init__(enforce_csrf_checks=True, headers={"origin": "http://testserver"})

    def request(self, **request):
        response = super().request(**request)
        self.cookies.clear()
        return response

    def send(self, page, action, **typed):
        """Submit the page's form that leads to an address."""
        fields = {**FormReader(page.content.decode()).forms[action], **typed}
        return self.post(action, fields, follow=True)


def cast_fields(page):
    return FormReader(page.content.decode()).forms.get("/ballot/cast/", {})


def refused(response, text="", *, keeps=COMMENT):
    """Assert that the page explains the refusal, keeps the input, and nothing is stored."""
    page = response.content.decode()
    assert response.status_code in {400, 403}, response.status_code
    assert text in page
    assert keeps in page
    assert "Traceback" not in page
    assert not BallotSpool.objects.exists()
    assert not Credential.objects.exclude(spend=None).exists()
