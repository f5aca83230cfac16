"""A rectification as a whole (整改): opening, plan, decision, report, closing (rulebook R-H)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accountability.cases.models import Case
from accountability.cases.permissions import is_own
from accountability.cases.rules.deadlines import Terms, after_workdays, report_due
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.queries import plan_terms, signs_of
from accountability.rectifications.rules import (
    RECTIFICATION_FLOW,
    WRITABLE,
    ItemState,
    RectificationState,
    all_closed,
    plan_errors,
    problems_for_plan,
)
from evaluations.rounds.models import Round
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import Calendar


def open_rectifications(round_: Round, cases: Sequence[Case], *, terms: Terms, calendar: Calendar) -> None:
    """Open a rectification for each case with its most ticked problems, in the caller's transaction."""
    rows = [_rectification(case, terms, calendar) for case in cases]
    opened = Rectification.objects.bulk_create(rows)
    signs = signs_of(round_)
    RectificationItem.objects.bulk_create(item for row in opened for item in _items(row, signs))


def reopen_rectification(case: Case, *, gap: timedelta, terms: Terms, calendar: Calendar) -> None:
    """Continue the cancelled rectification of a section listed again, in the caller's transaction.

    One with the commission is so again, reported ones await their inspections, those worked on go on with their terms
    moved by the gap; otherwise the plan is awaited anew.
    """
    row = Rectification.objects.filter(case=case, state=RectificationState.CANCELLED).first()
    if row is None:
        return
    anew = _rectification(case, terms, calendar)
    row.plan_due_on, row.report_due_on, row.decision = anew.plan_due_on, anew.report_due_on, ""
    worked_on = row.items.exclude(state=ItemState.OPEN) | row.items.filter(progress__isnull=False)
    then = RectificationState.RUNNING if worked_on.exists() else RectificationState.AWAITED
    then = RectificationState.REPORTED if row.reported_at else then
    then = RectificationState.ESCALATED if row.is_with_commission else then
    for item in row.items.unfinished():
        if item.due_on:
            item.due_on = item.due_on + gap
            item.save(update_fields=["due_on"])
    move(row, then, "plan_due_on", "report_due_on", "decision")


@transaction.atomic
def submit_plan(*, rectification_id: int, opinion: str, by: User, at: datetime) -> Rectification:
    """Submit the plan (报送整改方案), complete and with the party committee's opinion."""
    rectification = lock(rectification_id)
    check_own(by, "rect.plan", rectification)
    refuse_unless_writable(rectification)
    errors = plan_errors(list(rectification.items.all()), opinion, plan_terms(rectification))
    if errors:
        raise RuleViolation(*errors)
    rectification.opinion, rectification.submitted_at = opinion.strip(), at
    move(rectification, RectificationState.SUBMITTED, "opinion", "submitted_at")
    detail = {"step_label": "报送整改方案"}
    audit.record("rect.plan", rectification, by=by, at=at, detail=detail, wrote=[rectification])
    return rectification


@transaction.atomic
def decide_plan(*, rectification_id: int, accepted: bool, note: str, by: policy.Actor, at: datetime) -> Rectification:
    """Accept the plan (认可) or return it with a reason (退回)."""
    policy.check(by, "rect.return")
    rectification = lock(rectification_id)
    if not accepted and not note.strip():
        raise RuleViolation("退回整改方案须写明理由。")
    rectification.decision, rectification.decided_at = note.strip(), at
    then = RectificationState.RUNNING if accepted else RectificationState.RETURNED
    refuse_unless_submitted(rectification)
    move(rectification, then, "decision", "decided_at")
    detail = {"step_label": "认可整改方案" if accepted else "退回整改方案"}
    audit.record("rect.return", rectification, by=by, at=at, reason=note.strip(), detail=detail, wrote=[rectification])
    return rectification


@transaction.atomic
def submit_report(*, rectification_id: int, report: str, by: User, at: datetime) -> Rectification:
    """Submit the unit's report (整改报告), once."""
    rectification = lock(rectification_id)
    check_own(by, "rect.report", rectification)
    refuse_unreportable(rectification)
    if not report.strip():
        raise RuleViolation("请填写整改报告。")
    rectification.report, rectification.reported_at = report.strip(), at
    move(rectification, RectificationState.REPORTED, "report", "reported_at")
    close_if_complete(rectification, at)
    detail = {"step_label": "报送整改报告"}
    audit.record("rect.report", rectification, by=by, at=at, detail=detail, wrote=[rectification])
    return rectification


@transaction.atomic
def resume_rectification(*, rectification_id: int, decision: str, by: User, at: datetime) -> Rectification:
    """Resume an escalated rectification with the commission's decision."""
    policy.check(by, "acc.open")
    rectification = lock(rectification_id)
    if not decision.strip():
        raise RuleViolation("请填写处理意见。")
    rectification.decision, rectification.decided_at = decision.strip(), at
    refuse_unless_escalated(rectification)
    move(rectification, RectificationState.RUNNING, "decision", "decided_at")
    audit.record("acc.open", rectification, by=by, at=at, reason=decision.strip(), wrote=[rectification])
    return rectification


def lock(rectification_id: int) -> Rectification:
    rows = Rectification.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("case__result__section", "case__result__round").get(pk=rectification_id)


def check_own(by: User, action: str, rectification: Rectification) -> None:
    policy.check(by, action, own=is_own(by, rectification.case.result.section))


def refuse_unless_submitted(rectification: Rectification) -> None:
    """Refuse to decide on a plan that is not waiting for it."""
    if rectification.state != RectificationState.SUBMITTED:
        raise RuleViolation("已报送待审的整改方案方可审核。")


def refuse_unreportable(rectification: Rectification) -> None:
    """Refuse a report before the plan is accepted, or a second one."""
    if rectification.state != RectificationState.RUNNING:
        raise RuleViolation("整改方案认可之后、验收之前方可报送整改报告，且只报一次。")


def refuse_unless_escalated(rectification: Rectification) -> None:
    """Refuse a decision on a rectification that is not with the commission."""
    if rectification.state != RectificationState.ESCALATED:
        raise RuleViolation("只有移送纪委监委的整改才需要处理意见。")


def refuse_unless_writable(rectification: Rectification) -> None:
    if rectification.state not in WRITABLE:
        raise RuleViolation(f"整改“{rectification.get_state_display()}”，整改方案不能再改动。")


def move(rectification: Rectification, then: RectificationState, *fields: str) -> None:
    rectification.state = RECTIFICATION_FLOW.move(RectificationState(rectification.state), then)
    rectification.save(update_fields=["state", *fields])


def close_if_complete(rectification: Rectification, at: datetime) -> None:
    """Close the rectification once it is reported and all its items are closed."""
    if rectification.reported_at and all_closed(rectification.items.values_list("state", flat=True)):
        rectification.closed_on = timezone.localtime(at).date()
        move(rectification, RectificationState.CLOSED, "closed_on")


def _rectification(case: Case, terms: Terms, calendar: Calendar) -> Rectification:
    return Rectification(
        case=case,
        plan_due_on=after_workdays(case.published_on, terms.plan_workdays, calendar),
        report_due_on=report_due(case.published_on, terms.report_months),
    )


def _items(row: Rectification, signs: dict[str, dict[str, str]]) -> Iterator[RectificationItem]:
    ticked = problems_for_plan(row.case.result.ticks, signs, smallest=SMALLEST_SHOWN)
    for position, (indicator, problem) in enumerate(ticked, start=1):
        yield RectificationItem(rectification=row, position=position, indicator=indicator, problem=problem)
