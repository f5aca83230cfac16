"""Contents of a talk's page: its state, its plans, its record, and what the account may do."""

from typing import Any

from django.utils import timezone

from accountability.cases.documents import moment
from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureKind, MeasureState, TalkState
from accountability.evidence.services import evidence
from accountability.talks.models import Talk, TalkPlan, TalkSwitch
from accountability.talks.queries import standing_of
from accountability.talks.rules import DATED, TalkStage, TalkStanding
from accountability.talks.services import plans, records
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.users.models import User


def talk_context(measure: Measure, user: User) -> dict[str, Any]:
    """Return the contents of the page of a talk read `with_talks`."""
    record = Talk.objects.filter(measure=measure).prefetch_related("evidence").first()
    made = list(measure.talk_plans.order_by("-number"))
    current = next((plan for plan in made if plan.is_current and plan.target == measure.target), None)
    is_mine = measure.state == MeasureState.PENDING and plans.may_plan(user, measure)
    standing = standing_of(measure)
    switch = TalkSwitch.objects.filter(measure=measure).first()
    return {
        "measure": measure,
        "standing": standing,
        "plan": current,
        "plan_facts": _plan_fields(current) if current else [],
        "is_late": current is not None and _is_late(current, measure),
        "earlier": [plan for plan in made if plan != current],
        "switch": switch,
        "is_former_told": switch is not None and any(plan.target == switch.former for plan in made),
        "talk": record,
        "facts": records.record_fields(record) if record else [],
        "proposals": approvals.waiting_about(user, record) if record else [],
        "is_demo": measure.case.result.round.is_demo,
        "may_plan": is_mine and standing is not None and standing.stage in PLANNABLE,
        "may_hold": is_mine and standing is not None and _is_due(standing),
        "may_switch": is_mine and measure.kind == MeasureKind.TALK_LEADER and not plans.switch_refusal(measure),
        "may_write": is_mine and (record is None or record.state in records.WRITABLE),
        "may_add": record is not None and evidence.may_add(user, record) and records.may_write(user, measure),
        "may_confirm": record is not None and record.state == TalkState.FILED and records.may_confirm(user, measure),
    }


PLANNABLE = frozenset({TalkStage.UNPLANNED, TalkStage.PLANNED, TalkStage.MISSED})


def _plan_fields(plan: TalkPlan) -> list[tuple[str, str]]:
    """Return (label, value) of a plan's fields."""
    shown = [
        ("谈话对象", plan.target),
        ("谈话时间", moment(plan.starts_at)),
        ("谈话地点", plan.place),
        ("谈话人", plan.talker),
        ("谈话事由", plan.about),
        ("联系人及电话", plan.contact),
    ]
    if plan.number > 1:
        shown.append(("改期理由", plan.move_reason))
    if plan.held_at:
        shown.append(("实际谈话时间", moment(plan.held_at)))
    return shown


def _is_due(standing: TalkStanding) -> bool:
    """True once the planned time has come and nobody has said whether the talk was held."""
    return standing.stage in DATED and standing.planned_at is not None and standing.planned_at <= clock.now()


def _is_late(plan: TalkPlan, measure: Measure) -> bool:
    """True if the talk is planned for a day after its term."""
    return measure.due_on is not None and timezone.localtime(plan.starts_at).date() > measure.due_on
