"""Visits that are moved (改期), cancelled (取消) or scheduled afterwards (补排), each with its reason."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accountability.inspections.models import Inspection, InspectionPlan, VisitChange
from accountability.inspections.queries import Wanted, left_uncovered
from accountability.inspections.rules import UNMADE, InspectionState, PlanState
from accountability.inspections.services.plans import running_rectifications
from accountability.inspections.services.visits import lock_inspection
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import hint_of
from nanchuan_eval.workdays.rules import Term, in_chinese


@transaction.atomic
def move_visit(*, inspection_id: UUID, visit_on: date, reason: str, by: User, at: datetime) -> VisitChange:
    """Move a visit that has not been made to another working day (改期)."""
    policy.check(by, "insp.assign")
    visit = lock_inspection(inspection_id)
    refuse_made(visit)
    refuse_bad_day(visit_on, at)
    if visit_on == visit.visit_on:
        raise RuleViolation(f"新日期与原定日期{in_chinese(visit.visit_on)}相同，请另选日期。")
    change = _change(visit, visit_on, reason, by=by, at=at)
    visit.visit_on = visit_on
    visit.save(update_fields=["visit_on"])
    _record(visit, change, "暗访改期")
    return change


@transaction.atomic
def cancel_visit(*, inspection_id: UUID, reason: str, by: User, at: datetime) -> VisitChange:
    """Cancel a visit that has not been made (取消); it does not count as done."""
    policy.check(by, "insp.assign")
    visit = lock_inspection(inspection_id)
    refuse_made(visit)
    change = _change(visit, None, reason, by=by, at=at)
    visit.state = InspectionState.CANCELLED
    visit.save(update_fields=["state"])
    _record(visit, change, "取消暗访")
    return change


@transaction.atomic
def add_visit(*, plan_id: int, code: str, visit_on: date, by: User, at: datetime) -> Inspection:
    """Schedule a visit to a section that the plan has to visit and no visit covers (补排)."""
    policy.check(by, "insp.assign")
    plan = InspectionPlan.objects.select_for_update(of=("self",)).select_related("round", "draw").get(pk=plan_id)
    wanted = refuse_covered(plan, code)
    refuse_bad_day(visit_on, at)
    visit = Inspection.objects.create(
        plan=plan,
        section=wanted.section,
        target=wanted.target,
        rectification=running_rectifications(plan.round).get(wanted.section.pk),
        visit_on=visit_on,
    )
    audit.record("insp.assign", visit, by=by, at=at, detail={"step_label": "补排暗访"}, wrote=[visit])
    return visit


def refuse_covered(plan: InspectionPlan, code: str) -> Wanted:
    """Return the section that still lacks a visit; refuse any other."""
    if plan.state != PlanState.VISITING:
        raise RuleViolation(f"暗访计划当前为“{plan.get_state_display()}”，只能在“{PlanState.VISITING.label}”时补排。")
    missing = left_uncovered(plan, plan.inspections.select_related("section"))
    wanted = next((each for each in missing if each.section.code == code), None)
    if wanted is None:
        raise RuleViolation("该科室已有暗访安排，或者不属于本计划的暗访对象。")
    return wanted


def refuse_made(visit: Inspection) -> None:
    """Refuse to move or cancel a visit that is made, begun or cancelled already."""
    if visit.state not in UNMADE:
        raise RuleViolation(f"暗访当前为“{visit.get_state_display()}”，不能改期或者取消。")
    if visit.arrived_at is not None or visit.evidence.exists():
        raise RuleViolation("督查员已开始填写这次暗访的记录，不能改期或者取消，请由督查员提交记录。")


def refuse_bad_day(visit_on: date, at: datetime) -> None:
    """Refuse a day for a visit that is past or no working day."""
    if visit_on < timezone.localdate(at):
        raise RuleViolation("暗访日期不能早于今天。")
    if not Holiday.objects.calendar().is_workday(visit_on):
        day = Term(visit_on - timedelta(days=1), visit_on, is_stored=False)
        doubt = f"（{found}）" if (found := hint_of(day, "暗访日期")) else ""
        raise RuleViolation(f"{in_chinese(visit_on)}不是工作日{doubt}，暗访应安排在工作日。")


def _change(visit: Inspection, to_on: date | None, reason: str, *, by: User, at: datetime) -> VisitChange:
    if not reason.strip():
        raise RuleViolation("请填写理由。")
    facts = {"from_on": visit.visit_on, "to_on": to_on, "reason": reason.strip(), "by": by, "at": at}
    return VisitChange.objects.create(inspection=visit, **facts)


def _record(visit: Inspection, change: VisitChange, label: str) -> None:
    audit.record(
        "insp.assign",
        visit,
        by=change.by,
        at=change.at,
        reason=change.reason,
        detail={"step_label": label, "from": str(change.from_on), "to": str(change.to_on or "")},
        wrote=[visit, change],
    )
