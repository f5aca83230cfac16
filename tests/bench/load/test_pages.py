"""The load test's citizens read and fill in the real pages."""

from datetime import timedelta
from random import Random
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from bench.load import pages
from evaluations.ballots.models import Ballot
from evaluations.sealing.services.opening import seal_round
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import make_codes, make_open_round

FORM = "application/x-www-form-urlencoded"


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_a_citizen_gets_through_the_pages_and_is_told_the_receipt_in_the_box(client, seed):
    now, rng = timezone.now(), Random(seed)
    round_ = make_open_round(sections=8, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))

    def press(address, form):
        return client.post(address, urlencode(form), content_type=FORM).content.decode()

    page = press("/ballot/", [("code", make_codes(round_)[0])])
    page = press("/ballot/rate/", pages.chosen_sections(page, rng))
    while not pages.is_reviewed(page):
        page = press(*pages.rated_section(page, rng))
    receipt, form = pages.final_form(page, rng)
    assert not pages.is_acknowledged(page)
    first, second = press("/ballot/cast/", form), press("/ballot/cast/", form)

    assert pages.is_acknowledged(first)
    assert pages.is_acknowledged(second)
    assert pages.receipt_on(first) == pages.receipt_on(second) == receipt
    seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    assert list(Ballot.objects.values_list("receipt", flat=True)) == [receipt]


@pytest.mark.parametrize("text", ["评议票已提交", "此前已有一张评议票以这个回执号提交，没有再次提交"])
def test_both_answers_to_a_cast_ballot_are_acknowledgements(text):
    assert pages.is_acknowledged(f"<h1>{text}</h1>")


@pytest.mark.parametrize(
    "text", ["评议票未提交", "本次提交未成功", "评议票<strong>尚未提交</strong>。", "", "服务器出错"]
)
def test_no_other_page_is_an_acknowledgement(text):
    assert not pages.is_acknowledged(f"<h1>{text}</h1>")


def test_a_page_without_the_form_has_no_fields():
    assert not pages.is_reviewed("<p>没有表单</p>")
    assert pages.receipt_on("<p>没有表单</p>") == ""
