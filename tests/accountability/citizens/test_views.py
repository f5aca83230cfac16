"""Public pages of rectifications, follow-up ratings and suggestions."""

import re
from datetime import date

import pytest
import time_machine

from accountability.citizens.models import FollowUpCount, FollowUpMark, Suggestion
from accountability.citizens.services import take_up_suggestion
from accountability.rectifications.rules import RectificationState
from evaluations.ballots.models import Ballot
from evaluations.tally.models import SectionResult
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_bare_round, make_case, make_item, make_rectification
from tests.factories import NOON
from tests.pages import compact, page_in

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


def test_a_cancelled_rectification_is_not_said_to_be_planned(client):
    make_rectification(make_case(make_bare_round(state="published")), RectificationState.CANCELLED, items=0)

    pages = text_of(client.get("/rectification/")) + text_of(client.get("/"))

    assert "整改已撤销" in pages
    assert "正在制定整改方案" not in pages


def test_a_plan_not_yet_accepted_is_not_shown(client):
    row = make_rectification(make_case(make_bare_round(state="published")), RectificationState.SUBMITTED, items=0)
    make_item(row, problem="材料一次说不清")

    page = text_of(client.get("/rectification/"))

    assert "材料一次说不清" not in page
    assert "正在制定整改方案" in page


@pytest.mark.parametrize(
    ("day", "state", "shown"),
    [
        ("2020-09-10", "open", "整改中，2020年9月10日前完成"),
        ("2020-09-11", "open", "整改中，原定2020年9月10日前完成，已逾期"),
        ("2020-09-11", "sent_back", "退回重改，原定2020年9月10日前完成，已逾期"),
        ("2020-09-11", "finished", "已申报完成，2020年9月10日前完成"),
    ],
)
def test_an_item_past_its_date_is_said_to_be_late(client, day, state, shown):
    row = make_rectification(make_case(make_bare_round(state="published")), RectificationState.RUNNING, items=0)
    make_item(row, due_on=date(2020, 9, 10), state=state)

    with time_machine.travel(f"{day}T04:00:00Z", tick=False):
        page = text_of(client.get("/rectification/"))

    assert shown in re.sub(r"\s", "", page)


def test_one_thing_has_one_name_in_footer_and_heading(client):
    for path, name in {"/rectification/": "整改情况", "/suggestions/": "群众建议"}.items():
        page = text_of(client.get(path))
        assert f'<a href="{path}">{name}</a>' in page
        assert f"{name}</h1>" in compact(page)
        assert "整改结果" not in page


def test_nothing_is_public_before_publication(client):
    make_rectification(make_case(make_bare_round(state="review")))

    assert "暂无整改情况" in text_of(client.get("/rectification/"))
    assert client.get("/rectification/2020H1/").status_code == 404


def test_a_receipt_rates_once_and_only_the_sum_is_kept(client):
    row = reported()

    assert "已收到您的评价" in text_of(rate(client, row, RECEIPTS[0].lower()))
    again = rate(client, row, RECEIPTS[0], "worse")

    assert "已经评价过" in text_of(again)
    assert list(FollowUpCount.objects.values_list("satisfaction", "votes")) == [
        ("better", 1),
        ("somewhat", 0),
        ("unchanged", 0),
        ("worse", 0),
    ]
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
    assert "整改评价（" not in text_of(client.get("/rectification/"))

    rate(client, row, RECEIPTS[4], "unchanged")

    assert "明显好转4条，有所好转0条，没有变化1条" in text_of(client.get("/rectification/"))


class TestRatingsProveNoVoter:
    """Receipts are public after the sealing: whoever reads the list can rate, and every page says so."""

    def test_no_page_calls_those_who_rate_voters(self, client):
        row = reported()
        front, results, form = (
            text_of(client.get(address))
            for address in ("/", "/rectification/", f"/rectification/cases/{row.case_id}/rate/")
        )

        assert "凭回执号可以评价整改效果，评价结果仅供参考" in front
        assert "回执号在封箱清单中公开，系统不能核实评价人是否投过票，整改评价仅供参考" in results
        assert "回执号在封箱清单中公开，系统不能核实提交人是否投过该票，评价结果仅供参考" in form
        assert all("投过票的群众" not in page for page in (front, results, form))

    def test_a_network_rates_so_often_in_an_hour_and_is_told(self, client, settings, time_machine):
        time_machine.move_to("2026-11-30T04:00:01Z", tick=False)
        settings.FOLLOW_UPS_AN_HOUR = 2
        row = reported()
        assert "同一网络1小时内最多计入2条评价" in text_of(client.get(f"/rectification/cases/{row.case_id}/rate/"))
        codes = [rate(client, row, receipt).status_code for receipt in RECEIPTS[:2]]

        limited = rate(client, row, RECEIPTS[2], "worse")

        assert [*codes, limited.status_code] == [200, 200, 400]
        assert "您所在的网络1小时内提交的整改评价已满2条，本次评价未计入。请1小时后再提交。" in text_of(limited)
        assert RECEIPTS[2] in text_of(limited)
        assert FollowUpMark.objects.count() == 2
        time_machine.shift(3600)
        assert rate(client, row, RECEIPTS[2], "worse").status_code == 200

    def test_another_network_and_mistakes_are_not_counted(self, client, settings):
        settings.FOLLOW_UPS_AN_HOUR = 1
        row = reported()
        assert rate(client, row, "Z" * 20).status_code == 400
        assert rate(client, row, RECEIPTS[0]).status_code == 200
        address = f"/rectification/cases/{row.case_id}/rate/"
        given = {"receipt": RECEIPTS[1], "satisfaction": "better"}

        assert client.post(address, given, REMOTE_ADDR="127.0.0.9").status_code == 400
        assert client.post(address, given, REMOTE_ADDR="10.9.9.9").status_code == 200


def test_nothing_is_rated_before_the_report(client):
    row = make_rectification(make_case(make_bare_round(state="published")))

    assert client.get(f"/rectification/cases/{row.case_id}/rate/").status_code == 404


def test_an_anonymous_suggestion_is_stored_once_and_answered_publicly(client):
    data = {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"}
    assert "已收到您的建议" in text_of(client.post("/suggestions/", data))
    client.post("/suggestions/", {**data, "unit": "燃气 公司", "section": "报\u3000装科"})
    row = Suggestion.objects.get()

    client.force_login(make_account(Role.CLERK))
    assert "报装拖延" in text_of(client.get("/work/suggestions/"))
    client.post(f"/work/suggestions/{row.pk}/answer/", {"adopted": "1", "reply": "下轮纳入"})
    client.logout()

    assert "已采纳。下轮纳入" in text_of(client.get("/suggestions/"))


def test_two_citizens_reasons_for_one_section_are_two_suggestions_each_with_its_number(client):
    data = {"unit": "燃气公司", "section": "报装科"}
    first = number_shown(client.post("/suggestions/", {**data, "reason": "报装拖延"}))
    second = number_shown(client.post("/suggestions/", {**data, "reason": "收费不公开"}))

    kept = {row.number_shown: row.reason for row in Suggestion.objects.all()}
    assert kept == {first: "报装拖延", second: "收费不公开"}
    assert len(kept) == 2


def test_the_office_finds_a_suggestion_by_its_number_however_it_is_written(client):
    numbers = [
        number_shown(client.post("/suggestions/", {"unit": f"第{n}公司", "section": "报装科", "reason": "拖延"}))
        for n in (1, 2)
    ]
    client.force_login(make_account(Role.CLERK))

    def found(asked):
        page = text_of(client.get("/work/suggestions/", {"q": asked}))
        return [f"第{n}公司报装科" in page for n in (1, 2)]

    assert all(number in text_of(client.get("/work/suggestions/")) for number in numbers)
    assert found("") == [True, True]
    assert found(f" {numbers[1].lower().replace('-', ' ')} ") == [False, True]
    assert found("第1公司") == [True, False]
    assert "没有编号、单位或者科室为“第3公司”的建议" in text_of(client.get("/work/suggestions/", {"q": "第3公司"}))
    row = Suggestion.objects.get(unit="第2公司")
    assert numbers[1] in text_of(client.get(f"/work/suggestions/{row.pk}/answer/"))


def test_a_full_day_takes_no_further_suggestion_and_keeps_what_was_typed(client, settings):
    settings.SUGGESTIONS_A_DAY = 1
    data = {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"}
    number = number_shown(client.post("/suggestions/", data))

    assert number_shown(client.post("/suggestions/", data)) == number
    refused = client.post("/suggestions/", {**data, "reason": "收费不公开"})

    assert refused.status_code == 400
    assert "今日收到的建议已达上限，请明日再提交。" in text_of(refused)
    assert "收费不公开" in text_of(refused)
    assert Suggestion.objects.count() == 1


def number_shown(answer):
    return re.search(r'class="code">([0-9A-Z]{5}-[0-9A-Z]{5})<', text_of(answer))[1]


def ask(client, number):
    return client.post("/suggestions/status/", {"number": number})


def test_a_suggestion_is_followed_by_its_number(client):
    data = {"unit": "燃气公司", "section": "报装科", "reason": "李四报装拖延"}
    number = number_shown(client.post("/suggestions/", data))
    assert number_shown(client.post("/suggestions/", data)) == number
    row = Suggestion.objects.get()

    received = text_of(ask(client, number))
    client.force_login(make_account(Role.CLERK))
    client.post(f"/work/suggestions/{row.pk}/take-up/")
    in_hand = text_of(ask(client, f" {number.lower().replace('-', '')} "))
    client.post(f"/work/suggestions/{row.pk}/answer/", {"adopted": "0", "reply": "不是政府部门"})
    answered = text_of(ask(client, number))

    assert "已收到" in received
    assert "办理中" in in_hand
    assert "未采纳" in answered
    assert "评议办答复：不是政府部门" in answered
    assert "李四" not in received + in_hand + answered
    assert AuditEntry.objects.filter(action="roster.edit", object_id=str(row.pk)).count() == 2


def test_a_suggestion_in_hand_is_still_one_for_the_same_section(client):
    data = {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"}
    number = number_shown(client.post("/suggestions/", data))
    take_up_suggestion(suggestion_id=Suggestion.objects.get().pk, by=make_account(Role.CHIEF), at=NOON)

    assert number_shown(client.post("/suggestions/", data)) == number
    with pytest.raises(RuleViolation, match="已在办理"):
        take_up_suggestion(suggestion_id=Suggestion.objects.get().pk, by=make_account(Role.CHIEF), at=NOON)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("", "请输入建议编号。"), ("123", "建议编号由10位数字和字母组成"), ("AAAAA-AAAAA", "没有这个编号的建议")],
)
def test_a_wrong_number_shows_nothing_and_says_what_to_do(client, typed, shown):
    client.post("/suggestions/", {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"})

    answer = ask(client, typed)

    assert answer.status_code == 400
    assert shown in text_of(answer)
    assert "燃气公司" not in text_of(answer)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("role", [Role.COMMISSION, Role.LIAISON, Role.AUDITOR])
def test_only_the_office_takes_a_suggestion_up(client, role):
    client.post("/suggestions/", {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"})
    row = Suggestion.objects.get()
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    assert client.post(f"/work/suggestions/{row.pk}/take-up/").status_code == 403
    row.refresh_from_db()
    assert row.state == "new"


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

    page_in(client, "/rectification/2020H1/", queries=6, shows="D01局第D01-01科")


def test_a_published_round_without_a_listed_section_says_why_nothing_is_rectified(client):
    round_ = make_bare_round(state="published")

    assert "没有科室参加排名，不公布前十名。因此没有整改情况。" in text_of(client.get("/rectification/2020H1/"))

    make_case(round_)
    SectionResult.objects.update(is_listed=False)

    page = text_of(client.get("/rectification/2020H1/"))
    assert "上榜科室均已撤下。因此没有整改情况。" in page
    assert "名单公示后" not in page


def test_before_any_list_the_page_says_when_there_will_be_one(client):
    assert "名单公示后，本页公布上榜科室的整改情况" in text_of(client.get("/rectification/"))
