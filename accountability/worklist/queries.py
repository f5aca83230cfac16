"""待办: open tasks of each account, shown on the page and sent as reminders."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accountability.cases.models import Measure
from accountability.cases.permissions import measures_for
from accountability.cases.rules.deadlines import Urgency, urgency
from accountability.cases.rules.measures import TALKS, CaseState, MeasureKind, TalkState
from accountability.citizens.models import Suggestion, SuggestionState
from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.inspections.rules import InspectionState, OrderState, PlanState
from accountability.leads.models import Lead, LeadState
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import WRITABLE, ItemState, RectificationState
from evaluations.rounds.queries import awaiting_opening
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.queries import has_told_differences
from evaluations.sealing.rules import waited_for
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


@dataclass(frozen=True)
class WorkItem:
    """One task with its deadline and the address of its page."""

    key: str
    what: str
    due_on: date | None
    address: str
    escalate_days: int | None = None

    def urgency(self, today: date) -> Urgency:
        """Urgency on the given day."""
        return urgency(self.due_on, today, self.escalate_days)


@dataclass(frozen=True)
class Group:
    """Work items of one degree of urgency."""

    urgency: Urgency
    items: list[WorkItem]


Source = Callable[[User, date], Iterator[WorkItem]]
MEASURES_OF = {
    Role.COMMISSION: Q(kind__in=[MeasureKind.NOTICE, MeasureKind.TALK_LEADER, MeasureKind.CIRCULAR])
    | Q(kind=MeasureKind.REMOVAL_PROMPT)
    | Q(kind=MeasureKind.TALK_HEAD, talk__state=TalkState.FILED),
    Role.LIAISON: Q(kind=MeasureKind.TALK_HEAD) & ~Q(talk__state=TalkState.FILED),
    Role.PERSONNEL: Q(kind__in=[MeasureKind.ASSESSMENT, MeasureKind.BONUS]),
}


def work_items_of(user: User, today: date) -> list[WorkItem]:
    """Open tasks of the account, earliest deadline first."""
    sources = SOURCES.get(Role(user.role), ())
    items = [item for source in (*sources, _approvals) for item in source(user, today)]
    return sorted(items, key=lambda item: (item.due_on or date.max, item.key))


def grouped(items: list[WorkItem], today: date) -> list[Group]:
    """Group items by urgency, most urgent first; empty groups are left out."""
    groups = [Group(degree, [item for item in items if item.urgency(today) == degree]) for degree in Urgency]
    return [group for group in groups if group.items]


def _measures(user: User, today: date) -> Iterator[WorkItem]:
    pending = measures_for(user).filter(_of_role(user), state="pending", case__state=CaseState.OPEN)
    for measure in pending.select_related("talk"):
        yield _measure(user, measure)


def _of_role(user: User) -> Q:
    """Condition for the measures that the account records; for freezes the policy table decides."""
    mine = MEASURES_OF.get(Role(user.role), Q(pk=None))
    return mine | Q(kind=MeasureKind.FREEZE) if user.role in policy.starters("acc.hold.set") else mine


def _measure(user: User, measure: Measure) -> WorkItem:
    if measure.kind in TALKS:
        address = reverse("accountability:talk", args=[measure.pk])
    else:
        address = reverse("admin:accountability_case_change", args=[measure.case_id])
    due_on = measure.due_on if measure.kind != MeasureKind.FREEZE else measure.case.published_on
    days = int(measure.case.result.round.rulebook["escalate_days"])
    return WorkItem(f"measure-{measure.pk}", f"{measure.case}：{measure.get_kind_display()}", due_on, address, days)


def _overdue_measures(user: User, today: date) -> Iterator[WorkItem]:
    """Yield measures that others have left overdue beyond the grace period (升级)."""
    pending = measures_for(user).filter(state="pending", due_on__isnull=False, case__state=CaseState.OPEN)
    others = pending.exclude(_of_role(user)).exclude(kind=MeasureKind.FREEZE)
    for measure in others.filter(due_on__lt=today):
        days = int(measure.case.result.round.rulebook["escalate_days"])
        if urgency(measure.due_on, today, days) == Urgency.ESCALATED:
            what = f"督办：{measure.case}{measure.get_kind_display()}（{measure.responsible}）"
            address = reverse("admin:accountability_case_change", args=[measure.case_id])
            yield WorkItem(f"escalated-{measure.pk}", what, measure.due_on, address, days)


def _own_rectifications(user: User, today: date) -> Iterator[WorkItem]:
    for row in Rectification.objects.running().of_unit(user.unit_code).select_related("case__result__section"):
        address = reverse("accountability:rectification", args=[row.pk])
        if row.state in WRITABLE:
            yield WorkItem(f"plan-{row.pk}-{row.state}", f"{row.case}：报送整改方案", row.plan_due_on, address)
        if row.state == RectificationState.RUNNING and row.reported_at is None:
            yield WorkItem(f"report-{row.pk}", f"{row.case}：报送整改报告", row.report_due_on, address)


def _own_items(user: User, today: date) -> Iterator[WorkItem]:
    items = RectificationItem.objects.unfinished().filter(
        rectification__state__in=[RectificationState.RUNNING, RectificationState.REPORTED],
        rectification__case__result__section__department_code=user.unit_code,
    )
    for item in items.select_related("rectification"):
        address = f"{reverse('accountability:rectification', args=[item.rectification_id])}#item-{item.pk}"
        yield WorkItem(f"item-{item.pk}-{item.failures}", f"整改事项：{item.problem}", item.due_on, address)


def _own_orders(user: User, today: date) -> Iterator[WorkItem]:
    orders = Order.objects.filter(state=OrderState.ISSUED, inspection__section__department_code=user.unit_code)
    for order in orders.select_related("inspection__section"):
        address = reverse("accountability:order", args=[order.pk])
        yield WorkItem(f"order-{order.pk}", f"{order.inspection.section}：反馈责令整改", order.due_on, address)


def _plans_to_decide(user: User, today: date) -> Iterator[WorkItem]:
    for row in Rectification.objects.filter(state=RectificationState.SUBMITTED).select_related("case__result__section"):
        address = reverse("accountability:rectification", args=[row.pk])
        yield WorkItem(f"decide-{row.pk}", f"{row.case}：审核整改方案", _day(row.submitted_at), address)


def _items_to_accept(user: User, today: date) -> Iterator[WorkItem]:
    waiting = RectificationItem.objects.filter(Q(state=ItemState.FINISHED) | Q(wanted_due_on__isnull=False))
    for item in waiting.select_related("rectification__case__result__round"):
        address = f"{reverse('accountability:rectification', args=[item.rectification_id])}#item-{item.pk}"
        if item.wanted_due_on:
            yield WorkItem(f"extend-{item.pk}", f"审批延期：{item.problem}", item.due_on, address)
        else:
            what = f"暗访复查后验收：{item.problem}"
            yield WorkItem(f"accept-{item.pk}-{item.failures}", what, _recheck_until(item), address)


def _recheck_until(item: RectificationItem) -> date | None:
    """Day by which a finished item must be rechecked (报告后暗访复查期限, rulebook R-H)."""
    finished = _day(item.finished_at)
    days = int(item.rectification.case.result.round.rulebook["recheck_days"])
    return finished + timedelta(days=days) if finished else None


def _escalated(user: User, today: date) -> Iterator[WorkItem]:
    rows = Rectification.objects.filter(state=RectificationState.ESCALATED).select_related("case__result__section")
    for row in rows:
        address = reverse("accountability:rectification", args=[row.pk])
        yield WorkItem(f"failed-{row.pk}", f"{row.case}：整改验收再次未通过，填写处理意见", None, address)


def _objections(*states: ObjectionState) -> Source:
    def source(user: User, today: date) -> Iterator[WorkItem]:
        for objection in Objection.objects.filter(state__in=states).select_related("section"):
            address = reverse("accountability:objection", args=[objection.pk])
            yield WorkItem(f"objection-{objection.pk}-{objection.state}", f"办理{objection}", objection.due_on, address)

    return source


def _leads(user: User, today: date) -> Iterator[WorkItem]:
    for lead in Lead.objects.filter(state=LeadState.RECEIVED).select_related("section"):
        yield WorkItem(f"lead-{lead.pk}", f"{lead}：核查", None, reverse("accountability:leads"))


def _plans_to_approve(user: User, today: date) -> Iterator[WorkItem]:
    for plan in InspectionPlan.objects.filter(state=PlanState.PROPOSED):
        address = reverse("accountability:inspection-plan", args=[plan.pk])
        yield WorkItem(f"inspection-plan-{plan.pk}", f"批准暗访计划：{plan}", plan.starts_on, address)


def _visits_to_staff(user: User, today: date) -> Iterator[WorkItem]:
    waiting = Inspection.objects.filter(state__in=[InspectionState.PLANNED, InspectionState.SUBMITTED])
    for visit in waiting.select_related("section"):
        what = "派员" if visit.state == InspectionState.PLANNED else "审定"
        if visit.state == InspectionState.PLANNED:
            address = reverse("accountability:inspection-plan", args=[visit.plan_id])
        else:
            address = reverse("accountability:inspection", args=[visit.pk])
        yield WorkItem(f"visit-{visit.pk}-{visit.state}", f"暗访{what}：{visit.section}", visit.visit_on, address)


def _own_visits(user: User, today: date) -> Iterator[WorkItem]:
    for visit in Inspection.objects.assigned_to(user).unsubmitted().select_related("section"):
        address = reverse("accountability:inspection", args=[visit.pk])
        yield WorkItem(f"record-{visit.pk}", f"暗访：{visit.section}", visit.visit_on, address)


def _suggestions(user: User, today: date) -> Iterator[WorkItem]:
    count = Suggestion.objects.filter(state=SuggestionState.NEW).count()
    if count:
        yield WorkItem("suggestions", f"答复群众建议（{count}件）", None, reverse("accountability:suggestion-desk"))


def _approvals(user: User, today: date) -> Iterator[WorkItem]:
    count = approvals.waiting_for(user).count()
    if count:
        yield WorkItem("approvals", f"待审批{count}件", None, reverse("admin:nanchuan_eval_approval_changelist"))


def _boxes(user: User, today: date) -> Iterator[WorkItem]:
    """Yield the round whose vote has ended and whose box waits for people: its supervisors, or somebody to accept."""
    round_ = awaiting_opening(clock.now())
    if round_ is None:
        return
    is_supervised = is_opened_by_supervisors(round_.rulebook)
    if is_supervised or has_told_differences(round_):
        who = waited_for(round_.rulebook) if is_supervised else "票箱与登记不符，请在开箱页核对办理"
        address = reverse("admin:round-opening", args=[round_.pk])
        yield WorkItem(f"open-box-{round_.pk}", f"{round_}投票已截止，{who}", _day(round_.closes_at), address)


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


SOURCES: dict[Role, tuple[Source, ...]] = {
    Role.COMMISSION: (
        _measures,
        _overdue_measures,
        _escalated,
        _objections(ObjectionState.RECOUNTED),
        _leads,
        _plans_to_approve,
    ),
    Role.CHIEF: (
        _overdue_measures,
        _plans_to_decide,
        _items_to_accept,
        _objections(ObjectionState.FILED),
        _visits_to_staff,
        _suggestions,
        _boxes,
    ),
    Role.CLERK: (
        _plans_to_decide,
        _objections(ObjectionState.FILED, ObjectionState.ACCEPTED),
        _suggestions,
        _boxes,
    ),
    Role.LIAISON: (_measures, _own_rectifications, _own_items, _own_orders),
    Role.PERSONNEL: (_measures,),
    Role.INSPECTOR: (_own_visits,),
}
