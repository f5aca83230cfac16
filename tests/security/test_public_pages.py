"""Every page that anybody sees says whom to call, and in a demonstration that it is one."""

import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from urllib.parse import urldefrag

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accountability.demo.citizens import FormReader
from evaluations.rounds import queries
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE, RoundState
from tests.accountability.factories import make_published_round
from tests.factories import PHONE, make_codes, make_open_round, make_round, make_sealed_round, make_self_service
from tests.factories import raw_answers as answers

pytestmark = pytest.mark.django_db
HREF = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"')
# Read by machines, or for the newspaper to typeset; the size of type leads back to the page it came from.
NO_PAGES = ("/static/", "/type-size/")
MOST_PAGES = 200


@pytest.fixture(params=[True, False], ids=["demonstration", "real"])
def site(request):
    """A published list, a sealed box and a running vote, all of a demonstration or none."""
    cache.clear()
    now, is_demo = timezone.now(), request.param
    make_published_round(places=3, is_demo=is_demo)
    make_sealed_round(targeted=6, is_demo=is_demo)
    round_ = make_open_round(
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=1),
        is_demo=is_demo,
        rulebook={"open_check": "always"},
    )
    make_self_service(round_)
    return SimpleNamespace(round=round_, is_demo=is_demo)


def faults(site, name, answer):
    """Return what the page leaves out, or says although it is not so."""
    text = answer.content.decode()
    said = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    if PHONE not in said:
        yield name, answer.status_code, "no telephone"
    if (DEMO_NOTICE in said) != site.is_demo:
        yield name, answer.status_code, f"mark of a demonstration: {not site.is_demo}"


def crawl(client, starts):
    """Yield the pages to which links lead from these."""
    due, seen = list(starts), set(starts)
    for link in due:
        answer = client.get(link, follow=True)
        assert answer.status_code == 200, link
        if answer.headers["Content-Type"].split(";")[0] != "text/html" or link.endswith("notice.html"):
            continue
        yield link, answer
        found = {urldefrag(unescape(href)).url for href in HREF.findall(answer.content.decode())}
        fresh = sorted(href for href in found - seen if not href.startswith(NO_PAGES))
        seen.update(fresh)
        due += fresh
        assert len(due) < MOST_PAGES


def test_of_the_public_site_every_page_that_links_lead_to(site, client):
    pages = dict(crawl(client, ["/", "/ballot/", "/receipt/", "/login/", "/suggestions/", "/privacy/request/"]))

    assert len(pages) > 20
    assert [fault for name, answer in pages.items() for fault in faults(site, name, answer)] == []


def test_of_the_ballot_every_page_and_every_refusal(site):
    phone, (code, unused) = Client(), make_codes(site.round, 2)
    section = site.round.sections.first().code
    pages = {"wrong code": phone.post("/ballot/", {"code": "1"}), "unknown": phone.post("/ballot/", {"code": "0" * 20})}
    pages["sections"] = chosen = phone.post("/ballot/", {"code": code})
    fields = FormReader(chosen.content.decode()).forms["/ballot/rate/"]
    pages["none chosen"] = phone.post("/ballot/rate/", fields)
    pages["rate"] = phone.post("/ballot/rate/", {**fields, "section": [section]})
    rated = {**fields, "section": [section], "shown": [section]}
    pages["unanswered"] = phone.post("/ballot/review/", rated)
    rated |= {f"{section}.{key}": value for key, value in answers().items()}
    pages["review"] = reviewed = phone.post("/ballot/review/", rated)
    last = FormReader(reviewed.content.decode()).forms["/ballot/cast/"]
    pages["altered"] = phone.post("/ballot/cast/", {**last, "admission": "x"})
    pages["done"] = phone.post("/ballot/cast/", last)
    pages["done before"] = phone.post("/ballot/cast/", last)
    pages["used"] = phone.post("/ballot/", {"code": code})
    pages["another code"] = phone.post("/ballot/cast/", {**last, "code": unused})
    Round.objects.filter(pk=site.round.pk).update(closes_at=timezone.now() - timedelta(minutes=1))
    pages["late"] = phone.post("/ballot/review/", rated)
    pages["closed"] = phone.get("/ballot/")
    pages["code after the vote"] = phone.post("/ballot/", {"code": unused})

    assert [fault for name, answer in pages.items() for fault in faults(site, name, answer)] == []


def test_of_claiming_every_page_and_every_refusal(site):
    phone = Client()
    pages = {"question": phone.post("/ballot/claim/", follow=True)}
    question = FormReader(pages["question"].content.decode()).forms["/ballot/claim/"]
    pages["wrong"] = phone.post("/ballot/claim/", {**question, "answer": "99"})
    Round.objects.update(rulebook={**site.round.rulebook, "open_check": "busy"})
    pages["code"] = phone.post("/ballot/claim/", follow=True)
    for number in range(1, 4):
        pages[f"another {number}"] = phone.post("/ballot/claim/", {"after": number}, follow=True)
    pages["without cookies"] = Client().post("/ballot/claim/?cookie-offered")
    site.round.batches.update(is_open=False)
    pages["used"] = phone.get("/ballot/claim/")
    pages["closed"] = Client().post("/ballot/claim/", follow=True)

    assert pages["code"].context["code"]
    assert pages["another 3"].status_code == 400
    assert [fault for name, answer in pages.items() for fault in faults(site, name, answer)] == []


def test_of_the_other_forms_every_refusal(site):
    strict = Client(enforce_csrf_checks=True)
    foreign = {"headers": {"origin": "https://evil.com"}}
    pages = {
        "wrong receipt": strict.post("/receipt/", {"receipt": "1"}),
        "unknown receipt": strict.post("/receipt/", {"receipt": "0" * 20}),
        "not found": strict.get("/nothing/here/"),
        "no such list": strict.get("/list/none/"),
        "bad request": strict.get("/?x=%00"),
        "foreign page": strict.post("/ballot/claim/", **foreign),
        "no cookie": strict.post("/login/", {"username": "x"}),
        "wrong password": Client().post("/login/", {"username": "x", "password": "y"}),
        "too large": strict.post("/ballot/", content_type="text/plain", data="x", headers={"content-length": "9" * 12}),
    }
    pages |= {f"too often {n}": strict.post("/receipt/", {"receipt": "1"}) for n in range(40)}

    statuses = {answer.status_code for answer in pages.values()}
    assert {400, 403, 404, 413, 429} <= statuses
    assert [fault for name, answer in pages.items() for fault in faults(site, name, answer)] == []


def test_when_the_server_fails_the_page_still_says_whom_to_call(site, monkeypatch):
    monkeypatch.setattr("evaluations.public_site.views.read_front_page", lambda _: 1 / 0)

    answer = Client(raise_request_exception=False).get("/")

    assert answer.status_code == 500
    assert PHONE in answer.content.decode()


def test_when_the_database_fails_too_the_page_is_shown_without(site, monkeypatch):
    def failing(*_):
        raise DatabaseError

    monkeypatch.setattr("evaluations.public_site.views.read_front_page", failing)
    monkeypatch.setattr(queries, "office", failing)

    answer = Client(raise_request_exception=False).get("/")

    assert answer.status_code == 500
    assert "暂时无法处理" in answer.content.decode()


class TestWhichTelephone:
    def shown(self, client):
        return re.findall(r'class="phone">[^<]*<a href="tel:([^"]*)">([^<]*)<', client.get("/list/").content.decode())

    def test_that_of_the_open_round_comes_first(self, client):
        open_ = make_open_round(rulebook={"office_phone": "023-11110000"})
        make_round(
            state=RoundState.FROZEN,
            rulebook={"office_phone": "023-22220000"},
            period_start=open_.period_start + timedelta(days=90),
        )

        assert self.shown(client) == [("02311110000", "023-11110000")]

    def test_else_that_of_the_newest_frozen_round_that_has_one(self, client, settings):
        settings.PROFILE = {"phone": "12345"}
        make_round(state=RoundState.CLOSED, rulebook={"office_phone": "023-11110000"}, key="2019H2")
        newer = make_round(state=RoundState.CLOSED, rulebook={"office_phone": ""}, key="2020H1")
        make_round(state=RoundState.DRAFT, rulebook={"office_phone": "023-33330000"})
        assert newer.pk > Round.objects.get(key="2019H2").pk

        assert self.shown(client) == [("02311110000", "023-11110000")]

    def test_else_that_of_the_profile(self, client, settings):
        make_open_round()
        old = Round.objects.get()
        del old.rulebook["office_phone"]  # as a round frozen long ago
        old.save()
        assert self.shown(client) == []

        settings.PROFILE = {"phone": "12345"}
        assert self.shown(client) == [("12345", "12345")]
