"""Rectification (整改): plan, acceptance, progress, report, closing after a passed inspection (rulebook R-H)."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accountability.cases.permissions import is_own
from accountability.cases.rules.deadlines import Terms, in_chinese
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.rectifications.rules import (
    RECTIFICATION_FLOW,
    UNDER_WAY,
    WRITABLE,
    ItemState,
    PlanTerms,
    RectificationState,
    all_closed,
    due_error,
    plan_errors,
)
from accountability.rectifications.services.opening import signs_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import add_workdays

PLAN_FIELDS = ("cause", "goal", "measures", "leader", "person", "term", "due_on")


@transaction.atomic
def edit_item(*, item_id: int, facts: dict[str, Any], by: User, at: datetime) -> RectificationItem:
    """Write one problem's part of the plan (原因、目标、措施、责任人、时限) while the plan is the unit's to write."""
    item = _lock_item(item_id)
    _check_own(by, "rect.plan", item.rectification)
    _refuse_unless_writable(item.rectification)
    for field in PLAN_FIELDS:
        value = facts[field]
        setattr(item, field, value.strip() if isinstance(value, str) else value)
    error = due_error(item.term, item.due_on, plan_terms(item.rectification))
    if error:
        raise RuleViolation(error)
    item.save(update_fields=PLAN_FIELDS)
    audit.record("rect.plan", item, by=by, at=at)
    return item


@transaction.atomic
def add_item(*, rectification_id: int, sign: str, by: User, at: datetime) -> RectificationItem:
    """Take a further 表象 of the round's ballot paper into the plan."""
    rectification = _lock(rectification_id)
    _check_own(by, "rect.plan", rectification)
    _refuse_unless_writable(rectification)
    known = signs_of(rectification.case.result.round).get(sign)
    if known is None:
        raise RuleViolation("请从本轮评议表的表象中选择一个问题。")
    if rectification.items.filter(problem=known["text"]).exists():
        raise RuleViolation("整改方案中已有这个问题。")
    last = rectification.items.order_by("-position").values_list("position", flat=True).first() or 0
    item = RectificationItem.objects.create(
        rectification=rectification, position=last + 1, indicator=known["indicator"], problem=known["text"]
    )
    audit.record("rect.plan", item, by=by, at=at, detail={"added": sign})
    return item


@transaction.atomic
def submit_plan(*, rectification_id: int, opinion: str, by: User, at: datetime) -> Rectification:
    """Hand the plan in (报送整改方案), complete and with the party committee's opinion."""
    rectification = _lock(rectification_id)
    _check_own(by, "rect.plan", rectification)
    _refuse_unless_writable(rectification)
    errors = plan_errors(list(rectification.items.all()), opinion, plan_terms(rectification))
    if errors:
        raise RuleViolation(*errors)
    rectification.opinion, rectification.submitted_at = opinion.strip(), at
    _move(rectification, RectificationState.SUBMITTED, "opinion", "submitted_at")
    audit.record("rect.plan", rectification, by=by, at=at, detail={"step_label": "报送整改方案"})
    return rectification


@transaction.atomic
def decide_plan(*, rectification_id: int, accepted: bool, note: str, by: policy.Actor, at: datetime) -> Rectification:
    """Accept the plan (认可) or send it back with the reason (退回)."""
    policy.check(by, "rect.return")
    rectification = _lock(rectification_id)
    if not accepted and not note.strip():
        raise RuleViolation("退回整改方案须写明理由。")
    rectification.decision, rectification.decided_at = note.strip(), at
    then = RectificationState.RUNNING if accepted else RectificationState.RETURNED
    if rectification.state != RectificationState.SUBMITTED:
        raise RuleViolation("只有已报送待审的整改方案才能审核。")
    _move(rectification, then, "decision", "decided_at")
    label = "认可整改方案" if accepted else "退回整改方案"
    audit.record("rect.return", rectification, by=by, at=at, reason=note.strip(), detail={"step_label": label})
    return rectification


@transaction.atomic
def report_progress(*, item_id: int, text: str, by: User, at: datetime) -> Progress:
    """Report on one item (整改进展); files are added to the report."""
    item = _lock_running_item(item_id, by, "rect.report")
    if not text.strip():
        raise RuleViolation("请填写进展情况。")
    progress = Progress.objects.create(item=item, text=text.strip(), by=by, at=at)
    audit.record("rect.report", progress, by=by, at=at)
    return progress


@transaction.atomic
def finish_item(*, item_id: int, outcome: str, by: User, at: datetime) -> RectificationItem:
    """Report an item as done (报完成、申请销号): from now on an inspection may pass it."""
    item = _lock_running_item(item_id, by, "rect.report")
    if not outcome.strip():
        raise RuleViolation("请填写完成情况。")
    if not item.progress.exists():
        raise RuleViolation("请先填报进展并上传佐证材料，再申报完成。")
    item.outcome, item.finished_at, item.state = outcome.strip(), at, ItemState.FINISHED
    item.save(update_fields=["outcome", "finished_at", "state"])
    audit.record("rect.report", item, by=by, at=at, detail={"step_label": "申报完成"})
    return item


@transaction.atomic
def ask_extension(*, item_id: int, due_on: date, reason: str, by: User, at: datetime) -> RectificationItem:
    """Ask for a later day (申请延期), before the old one has passed."""
    item = _lock_item(item_id)
    _check_proposes(by, "rect.extend", item.rectification)
    _refuse_unless_running(item)
    if item.due_on is None or timezone.localtime(at).date() > item.due_on:
        raise RuleViolation("完成时限已过，不能再申请延期。")
    if due_on <= item.due_on or not reason.strip():
        raise RuleViolation(f"延期后的日期应晚于原时限{in_chinese(item.due_on)}，并写明理由。")
    item.wanted_due_on, item.wanted_reason = due_on, reason.strip()
    item.save(update_fields=["wanted_due_on", "wanted_reason"])
    if policy.requires_approval("rect.extend"):
        approvals.propose("rect.extend", item, by=by, at=at)
    else:
        audit.record("rect.extend", item, by=by, at=at, reason=reason.strip(), detail={"step_label": "申请延期"})
    return item


@transaction.atomic
def decide_extension(*, item_id: int, granted: bool, by: User, at: datetime) -> RectificationItem:
    """Grant or refuse the later day (批准延期)."""
    policy.check(by, "rect.extend")
    item = _lock_item(item_id)
    if item.wanted_due_on is None:
        raise RuleViolation("这个整改事项没有待批的延期申请。")
    if granted:
        item.due_on = item.wanted_due_on
    reason = item.wanted_reason
    drop_extension(item)
    audit.record("rect.extend", item, by=by, at=at, reason=reason, detail={"granted": granted})
    return item


def drop_extension(item: RectificationItem) -> None:
    """Forget the day that was asked for, in the transaction of whoever decided on it."""
    item.wanted_due_on, item.wanted_reason = None, ""
    item.save(update_fields=["due_on", "wanted_due_on", "wanted_reason"])


@transaction.atomic
def submit_report(*, rectification_id: int, report: str, by: User, at: datetime) -> Rectification:
    """Hand the unit's report in (整改报告)."""
    rectification = _lock(rectification_id)
    _check_own(by, "rect.report", rectification)
    if rectification.state != RectificationState.RUNNING:
        raise RuleViolation("整改方案认可之后、验收之前才能报送整改报告，且只报一次。")
    if not report.strip():
        raise RuleViolation("请填写整改报告。")
    rectification.report, rectification.reported_at = report.strip(), at
    _move(rectification, RectificationState.REPORTED, "report", "reported_at")
    audit.record("rect.report", rectification, by=by, at=at, detail={"step_label": "报送整改报告"})
    _close_if_complete(rectification, at)
    return rectification


@transaction.atomic
def close_item(*, item_id: int, verdict: str, by: User, at: datetime) -> RectificationItem:
    """Close an item (销号): only after an inspection, approved and later than the report of completion, passed it."""
    policy.check(by, "rect.close")
    item = _lock_item(item_id)
    _refuse_unless_finished(item)
    if not verdict.strip():
        raise RuleViolation("请填写验收意见。")
    if not passing_checks(item).exists():
        raise RuleViolation("申报完成后尚无经审定通过的暗访复查结论，不能销号。请先安排暗访复查。")
    item.state, item.verdict, item.accepted_by = ItemState.CLOSED, verdict.strip(), by
    item.closed_on = timezone.localtime(at).date()
    item.save(update_fields=["state", "verdict", "accepted_by", "closed_on"])
    audit.record("rect.close", item, by=by, at=at, detail={"step_label": "销号"})
    _close_if_complete(item.rectification, at)
    return item


@transaction.atomic
def send_back_item(*, item_id: int, verdict: str, due_on: date, by: User, at: datetime) -> RectificationItem:
    """Send an item back with a new day (退回重改); failing again it goes to the commission."""
    policy.check(by, "rect.close")
    item = _lock_item(item_id)
    _refuse_unless_finished(item)
    if not verdict.strip() or due_on <= timezone.localtime(at).date():
        raise RuleViolation("退回重改须写明理由和晚于今天的新时限。")
    item.state, item.verdict, item.due_on = ItemState.SENT_BACK, verdict.strip(), due_on
    item.failures += 1
    item.save(update_fields=["state", "verdict", "due_on", "failures"])
    rectification = item.rectification
    if item.failures >= int(rectification.case.result.round.rulebook["most_failures"]):
        _move(rectification, RectificationState.ESCALATED)
    audit.record(
        "rect.close", item, by=by, at=at, reason=verdict.strip(), detail={"step_label": "退回重改", "n": item.failures}
    )
    return item


@transaction.atomic
def resume_rectification(*, rectification_id: int, decision: str, by: User, at: datetime) -> Rectification:
    """Let a rectification that failed go on, as the commission decided after its inquiry."""
    policy.check(by, "acc.open")
    rectification = _lock(rectification_id)
    if not decision.strip():
        raise RuleViolation("请填写处理意见。")
    rectification.decision, rectification.decided_at = decision.strip(), at
    if rectification.state != RectificationState.ESCALATED:
        raise RuleViolation("只有移送纪委监委的整改才需要处理意见。")
    _move(rectification, RectificationState.RUNNING, "decision", "decided_at")
    audit.record("acc.open", rectification, by=by, at=at, reason=decision.strip())
    return rectification


def passing_checks(item: RectificationItem) -> Any:
    """Return the checks that let the item be closed."""
    return item.checks.passing().filter(inspection__arrived_at__gte=item.finished_at)


def plan_terms(rectification: Rectification) -> PlanTerms:
    """Return the days the plan is measured by (one query)."""
    terms = Terms.of(rectification.case.result.round.rulebook)
    published_on = rectification.case.published_on
    return PlanTerms(published_on, add_workdays(published_on, terms.at_once_workdays, Holiday.objects.calendar()))


def _lock(rectification_id: int) -> Rectification:
    rows = Rectification.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("case__result__section", "case__result__round").get(pk=rectification_id)


def _lock_item(item_id: int) -> RectificationItem:
    """Lock the whole rectification: an item's state and its rectification's change together."""
    rectification = _lock(RectificationItem.objects.only("rectification_id").get(pk=item_id).rectification_id)
    item = RectificationItem.objects.get(pk=item_id)
    item.rectification = rectification
    return item


def _lock_running_item(item_id: int, by: User, action: str) -> RectificationItem:
    item = _lock_item(item_id)
    _check_own(by, action, item.rectification)
    _refuse_unless_running(item)
    return item


def _check_own(by: User, action: str, rectification: Rectification) -> None:
    policy.check(by, action, own=is_own(by, rectification.case.result.section))


def _check_proposes(by: User, action: str, rectification: Rectification) -> None:
    policy.check_proposes(by, action, own=is_own(by, rectification.case.result.section))


def _refuse_unless_writable(rectification: Rectification) -> None:
    if rectification.state not in WRITABLE:
        raise RuleViolation(f"整改“{rectification.get_state_display()}”，整改方案不能再改动。")


def _refuse_unless_running(item: RectificationItem) -> None:
    if item.rectification.state not in UNDER_WAY or item.state not in {ItemState.OPEN, ItemState.SENT_BACK}:
        state = (
            item.get_state_display()
            if item.rectification.state in UNDER_WAY
            else item.rectification.get_state_display()
        )
        raise RuleViolation(f"“{item.problem}”当前为“{state}”，不能填报。")


def _refuse_unless_finished(item: RectificationItem) -> None:
    if item.rectification.state not in UNDER_WAY or item.state != ItemState.FINISHED:
        raise RuleViolation("单位申报完成后方可验收。")


def _move(rectification: Rectification, then: RectificationState, *fields: str) -> None:
    rectification.state = RECTIFICATION_FLOW.move(RectificationState(rectification.state), then)
    rectification.save(update_fields=["state", *fields])


def _close_if_complete(rectification: Rectification, at: datetime) -> None:
    """Close the whole when its report is in and its last item is closed."""
    if rectification.reported_at and all_closed(rectification.items.values_list("state", flat=True)):
        rectification.closed_on = timezone.localtime(at).date()
        _move(rectification, RectificationState.CLOSED, "closed_on")
