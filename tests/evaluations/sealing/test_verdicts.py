"""The answers at the head of the pages of box and receipt: computed from what is published."""

import json
import re

import pytest
from django.core.cache import cache

from evaluations.ballots.models import Ballot
from evaluations.codes.models import Credential
from evaluations.rounds.models import Round
from evaluations.sealing import pages
from tests.factories import make_codes, make_open_round, make_sealed_round
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db


def box(client, round_):
    return compact(client.get(f"/rounds/{round_.key}/box/").content.decode())


def receipt(client, typed):
    return compact(client.post("/receipt/", {"receipt": typed}).content.decode())


def test_the_lists_of_a_sealed_box_are_compared_with_its_record(client):
    page = box(client, make_sealed_round(targeted=6))

    assert "结果：一致</h2>" in page
    assert "票箱内评议票6张，不多于用过的票号6个；用过的票号都在发放的票号之中。" in page


def test_before_sealing_nothing_is_claimed(client):
    round_ = make_open_round()
    make_codes(round_, 7)

    page = box(client, round_)

    assert "结果：尚未核验</h2>" in page
    assert "结果：一致" not in page


def one_ballot_less(round_):
    found = Ballot.objects.first()
    found.ratings.all().delete()
    found.delete()


def another_root(round_):
    Round.objects.filter(pk=round_.pk).update(closing_root="0" * 64)


def another_content(round_):
    Ballot.objects.filter(pk=Ballot.objects.first().pk).update(commitment="0" * 64)


def a_code_used_that_was_not_issued(round_):
    Credential.objects.filter(pk=Credential.objects.first().pk).update(spend="0" * 64)


def fewer_used_codes(round_):
    Credential.objects.filter(pk=Credential.objects.first().pk).update(spend=None)


@pytest.mark.parametrize(
    "tamper",
    [one_ballot_less, another_root, another_content, a_code_used_that_was_not_issued, fewer_used_codes],
)
def test_whatever_was_changed_after_sealing_is_said(client, tamper):
    round_ = make_sealed_round(targeted=6)
    tamper(round_)

    page = box(client, round_)

    assert "结果：不一致</h2>" in page
    assert "结果：一致" not in page


def test_every_fault_is_named(client):
    round_ = make_sealed_round(targeted=6)
    one_ballot_less(round_)
    a_code_used_that_was_not_issued(round_)

    page = box(client, round_)

    assert "封箱清单有5张评议票，封箱记录写明6张" in page
    assert "有用过的票号不在发放的票号之中" in page


def test_very_long_lists_are_left_to_the_readers_device(client, monkeypatch):
    monkeypatch.setattr(pages, "MOST_CODES", 5)

    assert "结果：尚未核验</h2>" in box(client, make_sealed_round(targeted=6))


def test_the_answer_is_computed_once_in_an_hour(client):
    round_ = make_sealed_round(targeted=5)
    address = f"/rounds/{round_.key}/box/"

    page_in(client, address, queries=9, shows="结果：一致")
    page_in(client, address, queries=6, shows="结果：一致")
    cache.clear()
    page_in(client, address, queries=9, shows="结果：一致")


def test_a_receipt_in_the_box_is_answered_first(client):
    make_sealed_round(targeted=6)

    page = receipt(client, Ballot.objects.first().receipt)

    assert page.index("结果：一致</h2>") < page.index("您的票已入箱") < page.index("<form")


def test_a_receipt_whose_ballot_does_not_lead_to_the_root_is_not_confirmed(client):
    round_ = make_sealed_round(targeted=6)
    another_root(round_)

    page = receipt(client, Ballot.objects.first().receipt)

    assert "结果：不一致</h2>" in page
    assert "您的票已入箱" not in page


def test_an_unknown_receipt_is_not_found(client):
    make_sealed_round(targeted=6)

    assert "结果：没有查到</h2>" in receipt(client, "7" * 20)


def test_digests_and_files_are_folded_away(client):
    round_ = make_sealed_round(targeted=6)
    assert json.loads(round_.closing)["opening"]

    answers = [box(client, round_), receipt(client, Ballot.objects.first().receipt), receipt(client, "7" * 20)]

    for page in answers:
        main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
        shown = re.sub(r"<[^>]+>", "", re.sub(r"<details.*?</details>", "", main, flags=re.DOTALL))
        assert not re.findall(r"[0-9a-f]{8,}|\.json|\.txt|python", shown)
