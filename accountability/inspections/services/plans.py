"""Inspection plans (暗访计划): proposal, approval, scheduling, assignment of inspectors, recusals."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accountability.inspections.models import Inspection, InspectionPlan, Recusal
from accountability.inspections.queries import never_scheduled, other_sections, scope_of, wanted_sections
from accountability.inspections.rules import (
    INSPECTORS_A_VISIT,
    SETTLED,
    UNMADE,
    InspectionState,
    PlanState,
    visit_days,
    workdays_between,
)
from accountability.rectifications.models import Rectification
from evaluations.draws.services.commitment import commit_section_draw
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import DrawStatus, RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import require_numbered, require_two_persons
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import in_chinese


@dataclass(frozen=True)
class PlanFacts:
    """A proposed plan; `drawn_sections` is the number visited in addition to the listed ones."""

    name: str
    starts_on: date
    ends_on: date
    drawn_sections: int


@transaction.atomic
def propose_plan(*, round_id: int, facts: PlanFacts, by: User, at: datetime) -> InspectionPlan:
    """Propose a plan for a published round (拟订暗访计划)."""
    policy.check_proposes(by, "insp.plan")
    round_ = Round.objects.get(pk=round_id)
    refuse_unplannable(round_)
    if facts.starts_on > facts.ends_on or facts.ends_on < timezone.localtime(at).date():
        raise RuleViolation("结束日期不能早于开始日期，也不能早于今天。")
    if not workdays_between(facts.starts_on, facts.ends_on, Holiday.objects.calendar()):
        raise RuleViolation("所选期间没有工作日。暗访应安排在工作日，请重新选择日期。")
    others = other_sections(round_).count()
    if facts.drawn_sections > others:
        raise RuleViolation(f"除上榜和样本不足的科室外，只有{others}个参评科室，随机抽查科室数不能超过{others}个。")
    plan = InspectionPlan.objects.create(round=round_, proposed_by=by, **facts.__dict__)
    audit.record("insp.plan", plan, by=by, at=at, detail={"step_label": "拟订暗访计划"}, wrote=[plan])
    if policy.requires_approval("insp.plan"):
        approvals.propose("inspection.plan", plan, by=by, at=at)
    return plan


@transaction.atomic
def approve_plan(*, plan_id: int, by: User, at: datetime) -> InspectionPlan:
    """Approve another person's plan (批准) and commit the draw of its additional sections."""
    plan = _lock(plan_id, PlanState.PROPOSED)
    policy.check(by, "insp.plan")
    require_two_persons(by, plan.proposed_by, "拟订人和批准人不得为同一人。")
    if plan.drawn_sections:
        codes = list(other_sections(plan.round).values_list("code", flat=True))
        plan.draw = commit_section_draw(round_id=plan.round_id, codes=codes, seats=plan.drawn_sections, by=by, at=at)
    plan.approved_by, plan.state = by, PlanState.APPROVED
    plan.save(update_fields=["draw", "approved_by", "state"])
    audit.record("insp.plan", plan, by=by, at=at, detail={"step_label": "批准暗访计划"}, wrote=[plan])
    return plan


@transaction.atomic
def schedule_visits(*, plan_id: int, by: User, at: datetime) -> list[Inspection]:
    """Create a visit to every section that the plan has to visit, on the day derived from the seed (排期)."""
    policy.check(by, "insp.assign")
    plan = _lock(plan_id, PlanState.APPROVED)
    if plan.draw and plan.draw.status not in {DrawStatus.DRAWN, DrawStatus.PUBLISHED}:
        raise RuleViolation("随机抽查科室尚未抽出：请先录入随机数，执行抽取。")
    plan.seed = plan.draw.seed if plan.draw else secrets.token_hex(32)
    plan.state = PlanState.VISITING
    plan.save(update_fields=["seed", "state"])
    visits = Inspection.objects.bulk_create(_visits(plan, timezone.localtime(at).date()))
    audit.record("insp.assign", plan, by=by, at=at, detail={"visits": len(visits)}, wrote=[plan, *visits])
    return visits


@transaction.atomic
def assign_inspectors(*, inspection_id: UUID, inspector_ids: Sequence[int], by: User, at: datetime) -> Inspection:
    """Assign two inspectors without a conflict of interest to a visit (派员)."""
    policy.check(by, "insp.assign")
    inspection = Inspection.objects.select_for_update(of=("self",)).select_related("section").get(pk=inspection_id)
    refuse_unassignable(inspection)
    inspectors = list(User.objects.filter(pk__in=inspector_ids, role=Role.INSPECTOR, is_active=True))
    if len(inspectors) != INSPECTORS_A_VISIT or len({inspector.person for inspector in inspectors}) < len(inspectors):
        raise RuleViolation(f"每次暗访派{INSPECTORS_A_VISIT}名督查员，须是两个人。")
    require_numbered(*inspectors)
    conflicts = [reason for inspector in inspectors if (reason := conflict(inspector, inspection.section))]
    if conflicts:
        raise RuleViolation(*conflicts)
    inspection.inspectors.set(inspectors)
    inspection.state = InspectionState.ASSIGNED
    inspection.save(update_fields=["state"])
    detail = {"inspectors": sorted(i.pk for i in inspectors)}
    audit.record("insp.assign", inspection, by=by, at=at, detail=detail, wrote=[inspection])
    return inspection


@transaction.atomic
def declare_recusal(*, inspector_id: int, department_code: str, reason: str, by: User, at: datetime) -> Recusal:
    """Record a unit that an inspector must not visit (回避)."""
    policy.check(by, "insp.assign")
    inspector = User.objects.filter(pk=inspector_id, role=Role.INSPECTOR).first()
    if inspector is None or not department_code.strip() or not reason.strip():
        raise RuleViolation("请选择督查员和单位，并写明回避理由。")
    recusal, _ = Recusal.objects.get_or_create(
        inspector=inspector, department_code=department_code.strip(), defaults={"reason": reason.strip()}
    )
    audit.record("insp.assign", recusal, by=by, at=at, reason=reason.strip(), wrote=[recusal])
    return recusal


@transaction.atomic
def finish_plan(*, plan_id: int, by: User, at: datetime) -> InspectionPlan:
    """Finish a plan once every section has had its visit; its draw can then be verified by everybody.

    A cancelled visit is none: the plan goes on to say that its section was not visited, and why.
    """
    policy.check(by, "insp.assign")
    plan = _lock(plan_id, PlanState.VISITING)
    left = plan.inspections.exclude(state__in=SETTLED).count()
    if left:
        raise RuleViolation(f"还有{left}次暗访尚未审定，不能结束暗访。")
    if missing := never_scheduled(plan):
        names = "、".join(str(each.section) for each in missing)
        raise RuleViolation(f"还有{len(missing)}个科室没有安排暗访，请先补排：{names}。")
    plan.state, plan.finished_at = PlanState.DONE, at
    plan.save(update_fields=["state", "finished_at"])
    audit.record("insp.assign", plan, by=by, at=at, detail={"step_label": "结束暗访"}, wrote=[plan])
    return plan


def refuse_unplannable(round_: Round) -> None:
    """Refuse a plan for a round that is not published, or is over."""
    if round_.state != RoundState.PUBLISHED:
        raise RuleViolation("暗访在公示之后、归档之前进行。")


def refuse_unassignable(inspection: Inspection) -> None:
    """Refuse to send inspectors, or others, to a visit that was made or cancelled."""
    if inspection.state not in UNMADE:
        raise RuleViolation(f"暗访当前为“{inspection.get_state_display()}”，不能更换督查员。")


def conflict(inspector: User, section: RoundSection) -> str:
    """Reason why an inspector must not visit a section; empty if there is none."""
    liaisons = User.objects.filter(role=Role.LIAISON, unit_code=section.department_code)
    if any(inspector.person == one.person or is_same_name(inspector.name, one.name) for one in liaisons):
        return f"{inspector.name}是{section.department_name}的单位联络员，或者与该联络员同名，应当回避。"
    if inspector.unit_code == section.department_code:
        return f"{inspector.name}是{section.department_name}的人员，应当回避。"
    if Recusal.objects.filter(inspector=inspector, department_code=section.department_code).exists():
        return f"{inspector.name}已登记回避{section.department_name}。"
    return ""


def _visits(plan: InspectionPlan, today: date) -> list[Inspection]:
    chosen = wanted_sections(plan)
    days = workdays_between(max(plan.starts_on, today), plan.ends_on, Holiday.objects.calendar())
    if not days:
        raise RuleViolation("计划的日期里已没有工作日，请重新拟订计划。")
    on = visit_days(plan.seed, [each.section.code for each in chosen], days)
    running = running_rectifications(plan.round)
    return [
        Inspection(
            plan=plan,
            section=each.section,
            target=each.target,
            rectification=running.get(each.section.pk),
            visit_on=on[each.section.code],
        )
        for each in chosen
    ]


def running_rectifications(round_: Round) -> dict[int, Rectification]:
    """Return a round's rectifications by the section of the round."""
    rows = Rectification.objects.filter(case__result__round=round_).select_related("case__result")
    return {row.case.result.section_id: row for row in rows}


def _lock(plan_id: int, state: PlanState) -> InspectionPlan:
    plan = InspectionPlan.objects.select_for_update(of=("self",)).select_related("round", "proposed_by").get(pk=plan_id)
    if plan.state != state:
        raise RuleViolation(f"暗访计划当前为“{plan.get_state_display()}”，只能在“{state.label}”时办理。")
    return plan


ACTIONS = (
    ApprovableAction(
        "inspection.plan",
        "insp.plan",
        "批准暗访计划",
        InspectionPlan,
        content=lambda plan, _: {
            "轮次": plan.round.name,
            "名称": plan.name,
            "日期": f"{in_chinese(plan.starts_on)}至{in_chinese(plan.ends_on)}",
            "对象": scope_of(plan.round).in_words(plan.drawn_sections),
            "办理后果": "审批同意后即公布抽取暗访科室的承诺，暗访日期由抽取种子确定",
        },
        perform=calls(approve_plan, "plan_id"),
        undo=lambda plan, _: plan.delete(),  # what was proposed and why it ended stays in the approval
    ),
)
