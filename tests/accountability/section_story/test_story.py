"""科室经过: what each role reads of a section, and that every entry can be opened."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.rules.measures import MeasureKind
from accountability.cases.services import waiver_of
from accountability.inspections.services import orders
from accountability.objections.models import Objection
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.rules import RectificationState
from accountability.rectifications.services.items import report_progress
from accountability.section_story.queries.story import read_story
from evaluations.publication.services import Correction
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    NOON,
    hold_talk,
    make_account,
    make_case,
    make_inspection,
    make_liaison,
    make_measure,
    make_progress,
    make_published_round,
    make_rectification,
    make_result,
)
from tests.accountability.inspections.factories import approve, chief, make_visit

pytestmark = pytest.mark.django_db
CODE = "D01-01"
QUERIES = 20
PAGE = f"/work/sections/{CODE}/"


def told(account, code=CODE):
    return [entry.what for chapter in read_story(code, by=account) for entry in chapter.entries]


def appeal(section, liaison, ground="counting"):
    facts = {"filed_at": NOON, "due_on": date(2020, 8, 1), "facts": "核对", "filed_by": liaison}
    return Objection.objects.create(round=section.round, section=section, stage="appeal", ground=ground, **facts)


@pytest.fixture
def answered():
    """A visit with a finding, an order and the unit's reply."""
    visit = make_visit()
    approve(visit)
    order = orders.issue_order(inspection_id=visit.pk, demand="改进态度", due_on=None, by=chief(), at=LATER)
    return orders.reply_order(order_id=order.pk, reply="已培训", by=make_liaison(), at=LATER + timedelta(hours=1))


@pytest.mark.parametrize(
    ("state", "binds"),
    [
        (RectificationState.AWAITED, False),
        (RectificationState.SUBMITTED, False),
        (RectificationState.RUNNING, True),
        (RectificationState.CANCELLED, False),
    ],
)
def test_only_an_accepted_plan_that_is_under_way_has_days_to_keep(state, binds):
    make_rectification(make_case(), state, items=1)

    assert any(what.startswith("完成时限") for what in told(make_account())) == binds


def test_orders_and_replies_follow_the_visit_in_order_of_time(answered):
    what = [each for each in told(make_account()) if "暗访" in each or "责令" in each]

    assert what == ["暗访（上榜科室）：限期整改", "发出责令整改通知", "单位反馈责令整改情况"]


def test_a_unit_reads_its_orders_but_no_visit(answered):
    what = told(make_liaison())

    assert "单位反馈责令整改情况" in what
    assert not [each for each in what if "暗访" in each]


def test_an_inspector_reads_their_own_visits_only_and_no_order(answered):
    visit = answered.inspection
    make_inspection(visit.section, plan=visit.plan)

    what = told(visit.inspectors.first())

    assert [each for each in what if "暗访" in each] == ["暗访（上榜科室）：限期整改"]
    assert not [each for each in what if "责令整改" in each or "谈话" in each]


def test_a_visit_whose_day_has_passed_without_a_record_says_so(time_machine):
    visit = make_visit()

    time_machine.move_to(LATER)
    assert "暗访（上榜科室）：已派员，已过期" in told(chief())
    visit.visit_on = LATER.date() + timedelta(days=2)
    visit.save()
    assert "暗访（上榜科室）：已派员" in told(chief())


def test_the_clerk_does_not_learn_of_visits(answered):
    assert not [each for each in told(make_account(Role.CLERK)) if "暗访" in each or "责令" in each]


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SYSTEM_ADMIN])
def test_who_may_see_no_rectification_may_not_see_the_story(client, answered, role):
    client.force_login(make_account(role))

    assert client.get(PAGE).status_code == 403


def test_the_story_of_another_unit_does_not_exist(client, answered):
    client.force_login(make_liaison("D02"))

    assert client.get(PAGE).status_code == 404


def test_every_entry_opens_its_own_page(client, answered, settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path
    case = answered.inspection.section.result.case
    liaison = make_liaison()
    hold_talk(case.measures.get(), by=liaison)
    appeal(answered.inspection.section, liaison)
    for account in (make_account(), chief(), liaison):
        client.force_login(account)
        page = client.get(PAGE)
        addresses = {entry.address for chapter in page.context["chapters"] for entry in chapter.entries}
        assert addresses - {""}
        assert {client.get(address.partition("#")[0]).status_code for address in addresses - {""}} == {200}


def test_talks_and_their_files_are_told(settings, tmp_path, time_machine):
    settings.EVIDENCE_ROOT = tmp_path
    time_machine.move_to(LATER)
    case, liaison = make_case(), make_liaison()
    hold_talk(case.measures.get(), by=liaison)

    talk = next(e for chapter in read_story(CODE, by=liaison) for e in chapter.entries if e.kind == "talk" and e.at)

    assert (talk.what, len(talk.files)) == ("对科室负责人谈话提醒", 1)
    assert ("谈话", "已报送待确认") in talk.details


def test_progress_of_the_items_is_told():
    report = make_progress(make_liaison())

    assert f"整改进展：{report.item.problem}" in told(make_liaison())


def test_a_section_with_too_few_ballots_is_told_to_have_no_place():
    round_ = make_published_round(places=16)
    make_result(round_, "D40-01", rank=None)

    assert "公示结果：未上榜（样本不足，不排名）" in told(make_account(), "D40-01")
    ranked = round_.sections.get(result__rank=16)
    assert "公示结果：未上榜" in told(make_account(), ranked.code)


def test_a_correction_is_told_with_what_it_changed():
    round_ = make_published_round()
    correction = Correction(reason="评议对象有误", withdrawn=(CODE,))
    at = datetime(2020, 7, 12, 4, 0, tzinfo=UTC)

    correct_and_follow(round_id=round_.pk, correction=correction, by=make_account(), at=at)

    what = told(make_account())
    assert "公示结果：第1位" in what
    assert "更正公示（第2版）：撤下，原为第1位" in what


def test_the_newest_round_is_unfolded_and_the_others_are_folded(client):
    make_case()
    make_published_round(key="2020H2")
    client.force_login(make_account())

    page = client.get(PAGE)

    assert [chapter.key for chapter in page.context["chapters"]] == ["2020H2", "2020H1"]
    assert page.content.decode().count('<details class="stratum" open>') == 1
    assert client.get(f"{PAGE}?round=2020H1").context["wanted"] == "2020H1"


def test_a_story_takes_the_same_queries_for_any_number_of_entries(
    answered, settings, tmp_path, django_assert_num_queries
):
    settings.EVIDENCE_ROOT = tmp_path
    section, commission, liaison = answered.inspection.section, make_account(), make_liaison()
    case = section.result.case
    make_measure(case, MeasureKind.FREEZE)
    hold_talk(case.measures.get(kind=MeasureKind.TALK_HEAD), by=liaison)
    item = make_rectification(case).items.get()
    for number in range(2):
        report_progress(item_id=item.pk, text=f"进展{number}", by=liaison, at=LATER)
        make_inspection(section, plan=answered.inspection.plan)
        appeal(section, liaison, ground=["counting", "duplicate"][number])
        with django_assert_num_queries(QUERIES):
            read_story(CODE, by=commission)


def test_a_waived_measure_is_told_with_both_persons_and_the_reason_but_not_to_the_unit(settings):
    settings.TWO_PERSON_RULE = True
    measure = make_case().measures.get()
    chief, commission = make_account(Role.CHIEF, name="张主任"), make_account(name="李主任")
    proposal = approvals.propose(waiver_of(measure), measure, by=chief, at=LATER, reason="负责人已调离")
    approvals.approve(approval_id=proposal.pk, by=commission, at=LATER)

    def details(by):
        what = f"{measure.get_kind_display()}：不适用"
        return next(e.details for chapter in read_story(CODE, by=by) for e in chapter.entries if e.what == what)

    told_to = dict(details(commission))
    assert (told_to["提请人"], told_to["审批人"], told_to["理由"]) == ("张主任", "李主任", "负责人已调离")
    assert [label for label, _ in details(make_liaison())] == ["对象"]


@pytest.mark.parametrize(
    ("lifted_on", "told_of_it"),
    [
        (None, ["影响期满：孙科长"]),
        (date(2020, 7, 12), ["影响期解除：孙科长"]),
        (date(2020, 7, 19), ["影响期满：孙科长", "影响期满后登记解除：孙科长"]),
    ],
)
def test_a_freeze_that_ran_its_term_is_told_as_ended_not_as_lifted(lifted_on, told_of_it):
    facts = {"person_name": "孙科长", "post": "负责人", "starts_on": date(2020, 7, 10), "ends_on": date(2020, 7, 15)}
    reason = {"lifted_on": lifted_on, "lift_reason": "理由"} if lifted_on else {}
    PromotionFreeze.objects.create(case=make_case(kind="freeze"), **facts, **reason)

    assert [what for what in told(make_account()) if "满" in what or "解除" in what] == told_of_it
