"""Planning talks (谈话安排): time and place, moving them, that they were held, whom the leader's talk meets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureKind, chief_leader
from accountability.talks.models import Talk, TalkPlan, TalkSwitch
from accountability.talks.queries import plan_of
from accountability.talks.services.records import (
    check_writes,
    lock_talk_measure,
    may_write,
    refuse_no_talk_due,
    talk_action,
)
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

PLANNED = {
    "starts_at": "谈话时间",
    "place": "谈话地点",
    "talker": "谈话人及职务",
    "about": "谈话事由",
    "contact": "联系人及电话",
}


@transaction.atomic
def plan_talk(*, measure_id: int, facts: Mapping[str, Any], by: User, at: datetime, reason: str = "") -> TalkPlan:
    """Plan a talk (安排谈话), or move a planned one (改期) with a reason; its notice replaces the earlier one."""
    measure = lock_talk_measure(measure_id)
    check_writes(by, measure)
    refuse_unplannable(measure)
    earlier = TalkPlan.objects.filter(measure=measure, is_current=True).first()
    # A plan for somebody else is replaced too, but not by moving: that the person changed has its own reason.
    is_moved = earlier is not None and earlier.target == measure.target
    why = reason.strip() if is_moved else ("谈话对象已变更" if earlier else "")
    plan = TalkPlan(measure=measure, number=(earlier.number if earlier else 0) + 1, target=measure.target)
    for field in PLANNED:
        value = facts[field]
        setattr(plan, field, value.strip() if isinstance(value, str) else value)
    plan.move_reason, plan.planned_by, plan.planned_at = why, by, at
    _check_plan(plan, at, earlier=earlier)
    wrote = [plan]
    if earlier:
        earlier.is_current = False
        earlier.save(update_fields=["is_current"])
        wrote.append(earlier)
    plan.save()
    step = "谈话改期" if is_moved else "安排谈话"
    audit.record(talk_action(measure), plan, by=by, at=at, reason=why, detail={"step_label": step}, wrote=wrote)
    return plan


@transaction.atomic
def hold_talk(*, measure_id: int, held_at: datetime, by: User, at: datetime) -> TalkPlan:
    """Say that a planned talk was held (登记已谈话), and when; its record is still to be written."""
    measure = lock_talk_measure(measure_id)
    check_writes(by, measure)
    plan = refuse_unheld(measure)
    if held_at > at:
        raise RuleViolation("谈话时间不能晚于现在。")
    published_on = measure.case.first_published_on
    if timezone.localtime(held_at).date() < published_on:
        raise RuleViolation(f"谈话时间不能早于公示日期{in_chinese(published_on)}。")
    plan.held_at, plan.held_by = held_at, by
    plan.save(update_fields=["held_at", "held_by"])
    audit.record(talk_action(measure), plan, by=by, at=at, detail={"step_label": "登记已谈话"}, wrote=[plan])
    return plan


@transaction.atomic
def switch_to_chief(*, measure_id: int, reason: str, by: User, at: datetime) -> TalkSwitch:
    """Let the talk with a unit's leader be with the head of the unit (改由主要领导谈话), with a reason."""
    measure = lock_talk_measure(measure_id)
    check_writes(by, measure)
    refuse_switch(measure)
    if not reason.strip():
        raise RuleViolation("请填写改与主要领导谈话的理由。")
    former, measure.target = measure.target, chief_target(measure)
    measure.save(update_fields=["target"])
    switch = TalkSwitch.objects.create(measure=measure, former=former, reason=reason.strip(), by=by, at=at)
    detail = {"step_label": "改与主要领导谈话"}
    audit.record(
        talk_action(measure), measure, by=by, at=at, reason=switch.reason, detail=detail, wrote=[measure, switch]
    )
    return switch


def chief_target(measure: Measure) -> str:
    """Return the head of the listed section's unit, as the target of a talk."""
    section = measure.case.result.section
    return chief_leader(section.department_name, section.chief_leader)


def switch_refusal(measure: Measure) -> str:
    """Return why the talk cannot be switched to the head of the unit; "" if it can."""
    if measure.kind != MeasureKind.TALK_LEADER:
        return "只有对单位领导的谈话提醒可以改与主要领导谈话。"
    if measure.target == chief_target(measure):
        return f"谈话对象已是{measure.target}，无需变更。"
    plan = plan_of(measure)
    if Talk.objects.filter(measure=measure).exists() or (plan and plan.held_at):
        return "谈话已经进行，不能再变更谈话对象。"
    return ""


def refuse_switch(measure: Measure) -> None:
    """Refuse to switch a talk that is not due, or for which `switch_refusal` says why."""
    refuse_no_talk_due(measure)
    if refusal := switch_refusal(measure):
        raise RuleViolation(refusal)


def refuse_unplannable(measure: Measure) -> None:
    """Refuse to plan or move a talk that is not due, is recorded or was held."""
    refuse_no_talk_due(measure)
    _refuse_recorded(measure)
    _refuse_held(TalkPlan.objects.filter(measure=measure, is_current=True).first(), measure)


def refuse_unheld(measure: Measure) -> TalkPlan:
    """Refuse to say of a talk that it was held unless it is planned and not held yet; return its plan."""
    refuse_no_talk_due(measure)
    _refuse_recorded(measure)
    plan = plan_of(measure)
    if plan is None:
        raise RuleViolation("谈话尚未安排。已经谈话的，请直接填写谈话记录。")
    _refuse_held(plan, measure)
    return plan


def may_plan(by: User, measure: Measure) -> bool:
    """True if the account plans this talk: whoever writes its record."""
    return may_write(by, measure)


def _check_plan(plan: TalkPlan, at: datetime, *, earlier: TalkPlan | None) -> None:
    lacks = [f"请填写{label}。" for name, label in PLANNED.items() if not getattr(plan, name)]
    if earlier and not plan.move_reason:
        lacks.append("请填写改期理由。")
    if lacks:
        raise RuleViolation(*lacks)
    if plan.starts_at <= at:
        raise RuleViolation("谈话时间应当晚于现在。已经谈话的，请填写谈话记录。")
    if earlier and earlier.target == plan.target and (earlier.starts_at, earlier.place) == (plan.starts_at, plan.place):
        raise RuleViolation("时间和地点都没有变化，无需改期。")


def _refuse_recorded(measure: Measure) -> None:
    if Talk.objects.filter(measure=measure).exists():
        raise RuleViolation("谈话记录已填写，不能再安排谈话。")


def _refuse_held(plan: TalkPlan | None, measure: Measure) -> None:
    if plan and plan.held_at and plan.target == measure.target:
        raise RuleViolation("已登记谈话，请填写谈话记录。")
