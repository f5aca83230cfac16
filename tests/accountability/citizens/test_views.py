"""Public pages of rectifications, follow-up ratings and suggestions."""

import pytest

from accountability.citizens.models import FollowUpCount, FollowUpMark, Suggestion
from accountability.rectifications.rules import RectificationState
from evaluations.ballots.models import Ballot
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_bare_round, make_case, make_item, make_rectification
from tests.pages import page_in

pytestmark = pytest.mark.django_db
RECEIPTS = [f"ABCDEFGHJKMNPQRSTVW{n}" for n in range(6)]


def text_of(response):
    return response.content.decode()


def reported(**fields):
    row = make_rectification(make_case(make_bare_round(state="published")), RectificationState.REPORTED, **fields)
    for receipt in RECEIPTS:
        Ballot.objects.create(
            round=row.case.result.round,
            channel="other",
            origin="open",
            receipt=receipt,
            nonce="0" * 64,
            commitment="0" * 64,
            is_counted=True,
        )
    return row


def rate(client, row, receipt, satisfaction="better"):
    return client.post(f"/rectification/cases/{row.case_id}/rate/", {"receipt": receipt, "satisfaction": satisfaction})


def test_results_show_problems_and_states_and_no_names(client):
    make_item(reported(items=0), problem="材料一次说不清")

    page = text_of(client.get("/rectification/"))

    assert "材料一次说不清" in page
    assert "孙科长" not in page
    assert "赵副局长" not in page


def test_a_plan_not_yet_accepted_is_not_shown(client):
    row = make_rectification(make_case(make_bare_round(state="published")), RectificationState.SUBMITTED, items=0)
    make_item(row, problem="材料一次说不清")

    page = text_of(client.get("/rectification/"))

    assert "材料一次说不清" not in page
    assert "正在制定整改方案" in page


def test_nothing_is_public_before_publication(client):
    make_rectification(make_case(make_bare_round(state="review")))

    assert "还没有可以公开的整改结果" in text_of(client.get("/rectification/"))
    assert client.get("/rectification/2020H1/").status_code == 404


def test_a_receipt_rates_once_and_only_the_sum_is_kept(client):
    row = reported()

    assert "已收到您的评价" in text_of(rate(client, row, RECEIPTS[0].lower()))
    again = rate(client, row, RECEIPTS[0], "worse")

    assert "已经评价过" in text_of(again)
    assert list(FollowUpCount.objects.values_list("satisfaction", "votes")) == [("better", 1)]
    assert RECEIPTS[0] not in FollowUpMark.objects.get().mark


@pytest.mark.parametrize("receipt", ["ZZZZZZZZZZZZZZZZZZZZ", "123", ""])
def test_an_unknown_receipt_rates_nothing(client, receipt):
    answer = rate(client, reported(), receipt)

    assert answer.status_code == 400
    assert not FollowUpCount.objects.exists()


def test_fewer_than_five_ratings_are_not_shown(client):
    row = reported()
    for receipt in RECEIPTS[:4]:
        rate(client, row, receipt)
    assert "群众评价：" not in text_of(client.get("/rectification/"))

    rate(client, row, RECEIPTS[4], "unchanged")

    assert "明显好转4票，有所好转0票，没有变化1票" in text_of(client.get("/rectification/"))


def test_nothing_is_rated_before_the_report(client):
    row = make_rectification(make_case(make_bare_round(state="published")))

    assert client.get(f"/rectification/cases/{row.case_id}/rate/").status_code == 404


def test_an_anonymous_suggestion_is_stored_once_and_answered_publicly(client):
    data = {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"}
    assert "已收到您的建议" in text_of(client.post("/suggestions/", data))
    client.post("/suggestions/", data)
    row = Suggestion.objects.get()

    client.force_login(make_account(Role.CLERK))
    assert "报装拖延" in text_of(client.get("/work/suggestions/"))
    client.post(f"/work/suggestions/{row.pk}/answer/", {"adopted": "1", "reply": "下轮纳入"})
    client.logout()

    assert "已采纳。下轮纳入" in text_of(client.get("/suggestions/"))


@pytest.mark.parametrize("blank", ["", "\u200b\u200b", "　"])
def test_a_suggestion_with_a_blank_field_is_refused_and_the_rest_kept_in_the_form(client, blank):
    answer = client.post("/suggestions/", {"unit": "燃气公司", "section": blank, "reason": "报装拖延"})

    assert answer.status_code == 400
    assert "报装拖延" in text_of(answer)
    assert not Suggestion.objects.exists()


def test_text_from_citizens_is_escaped(client):
    client.post("/suggestions/", {"unit": "<script>alert(1)</script>", "section": "科", "reason": "=1+1"})
    client.force_login(make_account(Role.CHIEF))

    page = text_of(client.get("/work/suggestions/"))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("role", [Role.COMMISSION, Role.PERSONNEL, Role.AUDITOR])
def test_only_the_office_answers_suggestions(client, role):
    client.force_login(make_account(role))

    assert client.get("/work/suggestions/").status_code == 403


@pytest.mark.parametrize("cases", [1, 6])
def test_the_results_take_a_constant_number_of_queries(client, cases):
    round_ = make_bare_round(state="published")
    for n in range(cases):
        make_rectification(make_case(round_, f"D{n + 1:02}-01"), items=2)

    page_in(client, "/rectification/2020H1/", queries=5, shows="D01局第D01-01科")
