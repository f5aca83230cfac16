"""A rectification from plan to closing, and what is refused on the way."""

from datetime import date, timedelta

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import drop_evidence
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.rectifications.pages import timeline
from accountability.rectifications.rules import ItemState, RectificationState, TermKind
from accountability.rectifications.services.items import (
    add_item,
    ask_extension,
    close_item,
    decide_extension,
    edit_item,
    finish_item,
    report_progress,
    send_back_item,
)
from accountability.rectifications.services.rectifications import (
    decide_plan,
    resume_rectification,
    submit_plan,
    submit_report,
)
from evaluations.tally.models import SectionResult
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, NeedsApproval, Role
from tests.accountability.factories import (
    LATER,
    NOON,
    finish_with_evidence,
    make_account,
    make_bare_round,
    make_case,
    make_counted_round,
    make_rectification,
    pass_item,
)

pytestmark = pytest.mark.django_db
BALLOT_FORM = """{"manifestations": [
 {"code": "COLD-1", "indicator": "cold", "text": "不起身、不抬头"},
 {"code": "LAZY-1", "indicator": "lazy", "text": "上班迟到、脱岗"},
 {"code": "GREE-1", "indicator": "greedy", "text": "不给好处不办事"},
 {"code": "BUCK-1", "indicator": "buck_passing", "text": "不归我们管"}]}"""
FACTS = {
    "cause": "管理松懈",
    "goal": "态度好转",
    "measures": "培训",
    "leader": "赵副局长",
    "person": "孙科长",
    "term": TermKind.BY_DATE,
    "due_on": date(2020, 9, 10),
}


def liaison(unit="D01"):
    return make_account(Role.LIAISON, unit)


def chief():
    return make_account(Role.CHIEF)


def finished(rectification, by, at=LATER):
    return finish_with_evidence(rectification.items.first(), by, at=at)


def after(days=1):
    return LATER + timedelta(days=days)


def test_publication_opens_a_rectification_with_the_most_ticked_problems():
    round_ = make_counted_round(places=2, ballot_form=BALLOT_FORM)
    ticks = {"LAZY-1": 9, "COLD-1": 12, "GREE-1": 40, "BUCK-1": 4}
    SectionResult.objects.filter(section__code="D01-01").update(ticks=ticks)

    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    opened = Rectification.objects.get(case__result__section__code="D01-01")
    assert opened.plan_due_on == date(2020, 7, 24)
    assert opened.report_due_on == date(2020, 8, 10)
    # 贪 is left to the commission, and four ticks could identify a person.
    assert list(opened.items.values_list("problem", flat=True)) == ["不起身、不抬头", "上班迟到、脱岗"]


def test_a_plan_is_written_submitted_and_accepted():
    unit = liaison()
    row = make_rectification(state=RectificationState.AWAITED)
    item = row.items.get()

    edit_item(item_id=item.pk, facts={**FACTS, "goal": "一次办成"}, by=unit, at=LATER)
    submit_plan(rectification_id=row.pk, opinion="同意", by=unit, at=LATER)
    decide_plan(rectification_id=row.pk, accepted=True, note="", by=chief(), at=LATER)

    row.refresh_from_db()
    item.refresh_from_db()
    assert (row.state, row.opinion, item.goal) == (RectificationState.RUNNING, "同意", "一次办成")


def test_an_incomplete_plan_is_refused_with_everything_it_lacks():
    row = make_rectification(state=RectificationState.AWAITED)
    RectificationItem.objects.update(cause="", person="", due_on=None)

    with pytest.raises(RuleViolation) as refusal:
        submit_plan(rectification_id=row.pk, opinion=" ", by=liaison(), at=LATER)

    assert "原因、责任人、完成时限" in refusal.value.reasons[0]
    assert "党委（党组）意见" in refusal.value.reasons[1]


def test_an_immediate_item_has_fifteen_working_days():
    row = make_rectification(state=RectificationState.AWAITED)

    with pytest.raises(RuleViolation, match="2020年7月31日前完成"):
        edit_item(
            item_id=row.items.get().pk,
            facts={**FACTS, "term": TermKind.AT_ONCE, "due_on": date(2020, 8, 1)},
            by=liaison(),
            at=LATER,
        )


def test_a_date_before_publication_is_refused():
    row = make_rectification(state=RectificationState.AWAITED)

    with pytest.raises(RuleViolation, match="晚于公示日期"):
        edit_item(item_id=row.items.get().pk, facts={**FACTS, "due_on": date(2020, 7, 1)}, by=liaison(), at=LATER)


def test_returning_a_plan_needs_a_reason_and_it_can_be_submitted_again():
    row = make_rectification(state=RectificationState.SUBMITTED, opinion="同意")

    with pytest.raises(RuleViolation, match="写明理由"):
        decide_plan(rectification_id=row.pk, accepted=False, note="", by=chief(), at=LATER)
    decide_plan(rectification_id=row.pk, accepted=False, note="措施太空", by=chief(), at=LATER)
    submit_plan(rectification_id=row.pk, opinion="同意", by=liaison(), at=LATER)

    row.refresh_from_db()
    assert (row.state, row.decision) == (RectificationState.SUBMITTED, "措施太空")


def test_a_further_problem_comes_from_the_rounds_ballot_form():
    round_ = make_bare_round(ballot_form=BALLOT_FORM)
    row = make_rectification(make_case(round_), state=RectificationState.AWAITED)

    add_item(rectification_id=row.pk, sign="BUCK-1", by=liaison(), at=LATER)

    assert row.items.last().problem == "不归我们管"
    for sign, message in (("BUCK-1", "已有这个问题"), ("NO-1", "评议表的表象")):
        with pytest.raises(RuleViolation, match=message):
            add_item(rectification_id=row.pk, sign=sign, by=liaison(), at=LATER)


def test_an_item_is_closed_after_a_passed_inspection_and_with_the_report_the_whole():
    unit, row = liaison(), make_rectification()
    item = finished(row, unit)
    submit_report(rectification_id=row.pk, report="整改完成", by=unit, at=LATER)
    pass_item(item, at=after())

    closed = close_item(item_id=item.pk, verdict="现场核实", by=chief(), at=after(2))

    row.refresh_from_db()
    assert (closed.state, closed.closed_on) == (ItemState.CLOSED, date(2020, 7, 22))
    assert (row.state, row.closed_on) == (RectificationState.CLOSED, date(2020, 7, 22))


def test_the_report_may_also_come_last():
    unit, row = liaison(), make_rectification()
    item = finished(row, unit)
    pass_item(item, at=after())
    close_item(item_id=item.pk, verdict="现场核实", by=chief(), at=after(2))
    row.refresh_from_db()
    assert row.state == RectificationState.RUNNING

    submit_report(rectification_id=row.pk, report="整改完成", by=unit, at=after(3))

    row.refresh_from_db()
    assert row.state == RectificationState.CLOSED


@pytest.mark.parametrize("visit", ["none", "before", "failed"])
def test_without_a_later_passed_inspection_nothing_is_closed(visit):
    row = make_rectification()
    item = finished(row, liaison())
    if visit != "none":
        pass_item(item, at=LATER - timedelta(days=1) if visit == "before" else after(), passed=visit == "before")

    with pytest.raises(RuleViolation, match="暗访复查结论"):
        close_item(item_id=item.pk, verdict="可以", by=chief(), at=after(2))

    item.refresh_from_db()
    assert item.state == ItemState.FINISHED


def test_the_second_failure_escalates_to_the_commission_which_resumes_it():
    unit, row = liaison(), make_rectification()
    for again in (1, 2):
        item = finished(row, unit, at=after(again))
        send_back_item(item_id=item.pk, verdict="没改", due_on=date(2020, 10, 1), by=chief(), at=after(again))
        row.refresh_from_db()
        assert (row.state == RectificationState.ESCALATED) == (again == 2)

    with pytest.raises(RuleViolation, match="移送纪委监委"):
        report_progress(item_id=item.pk, text="再改", by=unit, at=LATER)
    with pytest.raises(Denied):
        resume_rectification(rectification_id=row.pk, decision="继续", by=chief(), at=LATER)
    resume_rectification(rectification_id=row.pk, decision="约谈后继续整改", by=make_account(), at=LATER)

    row.refresh_from_db()
    assert row.state == RectificationState.RUNNING


def test_an_extension_is_requested_before_the_due_date_and_granted_by_the_chief():
    unit, item = liaison(), make_rectification().items.get()

    ask_extension(item_id=item.pk, due_on=date(2020, 10, 1), reason="等待批复", by=unit, at=LATER)
    decide_extension(item_id=item.pk, granted=True, by=chief(), at=LATER)

    item.refresh_from_db()
    assert (item.due_on, item.wanted_due_on) == (date(2020, 10, 1), None)


def test_under_the_two_person_rule_an_extension_is_approved_as_requested(settings):
    settings.TWO_PERSON_RULE = True
    item = make_rectification().items.get()
    ask_extension(item_id=item.pk, due_on=date(2020, 10, 1), reason="等待批复", by=liaison(), at=LATER)
    approval = Approval.objects.get(kind="rect.extend")

    with pytest.raises(NeedsApproval):
        decide_extension(item_id=item.pk, granted=True, by=chief(), at=LATER)
    assert approval.content["申请延期至"] == "2020年10月1日"
    approvals.approve(approval_id=approval.pk, by=chief(), at=LATER)

    item.refresh_from_db()
    assert (item.due_on, item.wanted_due_on) == (date(2020, 10, 1), None)


def test_a_returned_extension_keeps_the_due_date_and_may_be_requested_again(settings):
    settings.TWO_PERSON_RULE = True
    item = make_rectification().items.get()
    before = item.due_on
    ask_extension(item_id=item.pk, due_on=date(2020, 10, 1), reason="等待批复", by=liaison(), at=LATER)

    approvals.send_back(approval_id=Approval.objects.get().pk, note="按期完成", by=chief(), at=LATER)

    item.refresh_from_db()
    assert (item.due_on, item.wanted_due_on) == (before, None)
    ask_extension(item_id=item.pk, due_on=date(2020, 9, 30), reason="等待批复", by=liaison(), at=LATER)
    with pytest.raises(Denied):
        ask_extension(item_id=item.pk, due_on=date(2020, 9, 30), reason="别单位", by=liaison("D02"), at=LATER)


def test_an_extension_after_the_due_date_or_without_reason_is_refused():
    unit, item = liaison(), make_rectification().items.get()

    with pytest.raises(RuleViolation, match="完成时限已过"):
        ask_extension(item_id=item.pk, due_on=date(2020, 10, 1), reason="等", by=unit, at=LATER + timedelta(days=90))
    with pytest.raises(RuleViolation, match="写明理由"):
        ask_extension(item_id=item.pk, due_on=date(2020, 10, 1), reason="", by=unit, at=LATER)
    with pytest.raises(RuleViolation, match="没有待批"):
        decide_extension(item_id=item.pk, granted=True, by=chief(), at=LATER)


def test_nothing_is_reported_before_the_plan_is_accepted():
    item = make_rectification(state=RectificationState.SUBMITTED).items.get()

    with pytest.raises(RuleViolation, match="方案待审"):
        report_progress(item_id=item.pk, text="已改", by=liaison(), at=LATER)

    assert not Progress.objects.exists()


def test_an_item_without_progress_cannot_be_completed():
    item = make_rectification().items.get()

    with pytest.raises(RuleViolation, match="先填报进展"):
        finish_item(item_id=item.pk, outcome="改好了", by=liaison(), at=LATER)


def test_an_item_without_evidence_cannot_be_completed():
    unit, item = liaison(), make_rectification().items.get()
    report_progress(item_id=item.pk, text="已培训", by=unit, at=LATER)

    with pytest.raises(RuleViolation, match="尚未上传佐证材料"):
        finish_item(item_id=item.pk, outcome="改好了", by=unit, at=LATER)

    item.refresh_from_db()
    assert (item.state, item.finished_at) == (ItemState.OPEN, None)


def test_an_item_sent_back_needs_new_evidence():
    unit, row = liaison(), make_rectification()
    item = finished(row, unit)
    send_back_item(item_id=item.pk, verdict="没改", due_on=date(2020, 10, 1), by=chief(), at=after(1))
    report_progress(item_id=item.pk, text="又培训了", by=unit, at=after(2))

    with pytest.raises(RuleViolation, match="退回重改后尚未上传新的佐证材料"):
        finish_item(item_id=item.pk, outcome="改好了", by=unit, at=after(2))

    assert finished(row, unit, at=after(3)).state == ItemState.FINISHED


def test_evidence_of_an_item_reported_as_completed_is_not_withdrawn():
    unit, row = liaison(), make_rectification()
    item = finished(row, unit)
    file = Evidence.objects.get(progress__item=item)

    with pytest.raises(RuleViolation):
        drop_evidence(evidence_id=file.pk, by=unit, at=LATER)

    assert Evidence.objects.filter(pk=file.pk).exists()


@pytest.mark.parametrize("state", RectificationState)
@pytest.mark.parametrize("now", ItemState)
@pytest.mark.parametrize("due_on", [None, date(2020, 9, 10)])
@pytest.mark.parametrize("today", [date(2020, 9, 10), date(2020, 9, 11)])
def test_one_rule_says_which_items_are_overdue(state, now, due_on, today):
    closed = date(2020, 9, 12)
    row = make_rectification(state=state, closed_on=closed if state == "closed" else None)
    ended = {"closed_on": closed, "accepted_by": chief()} if now == "closed" else {}
    row.items.update(state=now, due_on=due_on, **ended)

    assert row.items.get().is_late(today) == RectificationItem.objects.overdue(today).exists()


@pytest.mark.parametrize("account", [lambda: liaison("D02"), lambda: make_account(Role.COMMISSION), chief])
def test_only_the_own_unit_reports(account):
    row = make_rectification()
    item = row.items.get()

    with pytest.raises(Denied):
        report_progress(item_id=item.pk, text="已改", by=account(), at=LATER)
    with pytest.raises(Denied):
        submit_report(rectification_id=row.pk, report="已改", by=account(), at=LATER)

    assert not AuditEntry.objects.filter(action="rect.report").exists()


@pytest.mark.parametrize("role", [Role.CLERK, Role.COMMISSION, Role.PERSONNEL])
def test_only_the_chief_accepts_and_closes(role):
    row = make_rectification(state=RectificationState.SUBMITTED)

    with pytest.raises(Denied):
        decide_plan(rectification_id=row.pk, accepted=True, note="", by=make_account(role), at=LATER)
    with pytest.raises(Denied):
        close_item(item_id=row.items.get().pk, verdict="好", by=make_account(role), at=LATER)


def test_the_approver_reads_the_whole_plan(settings):
    settings.TWO_PERSON_RULE = True
    row = make_rectification(state=RectificationState.SUBMITTED, items=2, opinion="同意", submitted_at=LATER)

    proposed = approvals.propose("rect.plan", row, by=make_account(Role.CLERK), at=LATER, accepted=True, note="具体")

    assert proposed.content["单位党委（党组）意见"] == "同意"
    for item in row.items.all():
        assert proposed.content[f"第{item.position}项：{item.problem}"] == {
            "指标": "冷",
            "原因": "管理松懈",
            "目标": "态度好转",
            "整改措施": "培训、公开承诺",
            "责任领导": "赵副局长",
            "责任人": "孙科长",
            "时限": "限期整改，2020年9月10日",
        }


def test_the_approver_of_a_closing_reads_what_was_reported_filed_and_inspected(settings):
    settings.TWO_PERSON_RULE = True
    item = finished(make_rectification(), liaison())
    pass_item(item, at=after())

    proposed = approvals.propose("rect.close", item, by=make_account(Role.CLERK), at=after(2), verdict="核实")

    assert proposed.content["完成情况"] == "已整改"
    assert "签字.png" in proposed.content["佐证材料"][0]
    assert proposed.content["暗访复查"] == ["2020年7月21日：已整改到位"]
    assert "不能再改动" in proposed.content["办理后果"]


def test_closing_an_item_is_not_even_proposed_before_an_inspection():
    item = finished(make_rectification(), liaison())

    with pytest.raises(RuleViolation, match="暗访复查结论"):
        approvals.propose("rect.close", item, by=make_account(Role.CLERK), at=LATER, verdict="核实")

    assert not Approval.objects.exists()


class TestTheTimelineShowsOnlyWhatIsPlanned:
    TODAY = date(2020, 7, 20)

    def chart(self, state, **due):
        row = make_rectification(state=state, items=2)
        row.items.filter(position=2).update(**{"due_on": None, **due})
        return timeline(row, list(row.items.all()), self.TODAY)

    def test_an_item_without_a_date_has_no_bar(self):
        dated, undated = self.chart(RectificationState.AWAITED).rows

        assert dated.width > 0
        assert undated.width == 0
        assert "尚未填写完成时限" in undated.words

    def test_a_plan_still_to_be_accepted_is_no_rectification_under_way(self):
        rows = self.chart(RectificationState.SUBMITTED, due_on=date(2020, 7, 15)).rows

        assert {row.state for row in rows[:2]} == {"planned"}
        assert "方案尚未认可" in rows[1].words

    def test_a_cancelled_rectification_leaves_only_what_is_closed(self):
        row = make_rectification(state=RectificationState.CANCELLED, items=2)
        row.items.filter(position=2).update(
            state=ItemState.CLOSED, closed_on=self.TODAY, accepted_by=make_account(Role.CHIEF)
        )

        assert [item.state_now for item in row.items.order_by("position")] == ["已终止", "已销号"]

    def test_there_is_no_chart_before_there_is_a_date(self):
        row = make_rectification(state=RectificationState.AWAITED)
        row.items.update(due_on=None)

        assert timeline(row, list(row.items.all()), self.TODAY) is None
