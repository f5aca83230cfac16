"""Orders to rectify (责令整改): issue, reply, return visit and printed notice."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accountability.cases.documents import print_letter
from accountability.cases.permissions import is_own
from accountability.inspections.models import Inspection, Order
from accountability.inspections.rules import SETTLED, InspectionState, OrderState, Target
from accountability.inspections.services.changes import refuse_bad_day
from accountability.inspections.services.visits import lock_inspection
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import dated_now, with_hint_of
from nanchuan_eval.workdays.rules import Term, in_chinese, term_of


@transaction.atomic
def issue_order(*, inspection_id: UUID, demand: str, due_on: date | None, by: User, at: datetime) -> Order:
    """Order the unit to rectify the findings of an approved visit (责令整改)."""
    policy.check(by, "insp.notify")
    inspection = lock_inspection(inspection_id)
    refuse_unorderable(inspection)
    if not demand.strip():
        raise RuleViolation("请填写整改要求。")
    latest = longest_term(inspection, at)
    if due_on and not latest.starts_on < due_on <= latest.ends_on:
        raise RuleViolation(f"整改期限应晚于今天，且不晚于{dated_now(latest)}。")
    order = Order.objects.create(
        inspection=inspection, demand=demand.strip(), due_on=due_on or latest.ends_on, issued_by=by, issued_at=at
    )
    audit.record("insp.notify", order, by=by, at=at, wrote=[order])
    return order


def longest_term(inspection: Inspection, at: datetime) -> Term:
    """Return the longest term that an order may set, which is also the usual one."""
    days = int(inspection.plan.round.rulebook["order_workdays"])
    return term_of(timezone.localtime(at).date(), days, Holiday.objects.calendar())


@transaction.atomic
def reply_order(*, order_id: int, reply: str, by: User, at: datetime) -> Order:
    """Record the unit's reply to an order (反馈)."""
    order = Order.objects.select_for_update(of=("self",)).select_related("inspection__section").get(pk=order_id)
    policy.check(by, "rect.report", own=is_own(by, order.inspection.section))
    refuse_replied(order)
    if not reply.strip():
        raise RuleViolation("请填写整改情况。")
    order.reply, order.replied_at, order.state = reply.strip(), at, OrderState.REPLIED
    order.save(update_fields=["reply", "replied_at", "state"])
    audit.record("rect.report", order, by=by, at=at, detail={"step_label": "反馈责令整改情况"}, wrote=[order])
    return order


@transaction.atomic
def schedule_return(*, order_id: int, visit_on: date, by: User, at: datetime) -> Inspection:
    """Schedule a return visit to check whether an order was carried out (回访复查)."""
    policy.check(by, "insp.assign")
    order = Order.objects.select_for_update(of=("self",)).select_related("inspection__plan").get(pk=order_id)
    refuse_unreturnable(order, timezone.localdate(at))
    refuse_bad_day(visit_on, at)
    first = order.inspection
    visit = Inspection.objects.create(
        plan=first.plan,
        section=first.section,
        target=Target.RETURN,
        rectification=first.rectification,
        returns_to=first,
        visit_on=visit_on,
    )
    audit.record("insp.assign", visit, by=by, at=at, detail={"returns_to": str(first.pk)}, wrote=[visit])
    return visit


def refuse_unorderable(inspection: Inspection) -> None:
    """Refuse an order after a visit that is not approved or found nothing, and a second order after one visit."""
    if inspection.state != InspectionState.APPROVED or not inspection.findings.exists():
        raise RuleViolation("暗访记录经审定且发现问题的，方可责令整改。")
    if Order.objects.filter(inspection=inspection).exists():
        raise RuleViolation("本次暗访已发出责令整改通知。")


def refuse_replied(order: Order) -> None:
    """Refuse a second reply."""
    if order.state != OrderState.ISSUED:
        raise RuleViolation("该责令整改通知已反馈，不能重复填报。")


def refuse_unreturnable(order: Order, today: date) -> None:
    """Refuse a return visit after a settled order, while one is under way, and before there is anything to check.

    A unit that has not replied has until the end of its term to mend what was found.
    """
    if order.state not in {OrderState.ISSUED, OrderState.REPLIED}:
        raise RuleViolation("该责令整改通知已有回访复查结论。")
    if order.inspection.return_visits.exclude(state__in=SETTLED).exists():
        raise RuleViolation("已安排回访复查，尚未审定。")
    if order.state == OrderState.ISSUED and order.due_on >= today:
        due = with_hint_of(in_chinese(order.due_on), order.term)
        raise RuleViolation(
            f"单位尚未反馈，整改期限{due}尚未届满。单位反馈之后，或者期限届满仍未反馈的，方可安排回访复查。"
        )


def order_notice(order: Order) -> bytes:
    """Render 责令整改通知书, which reveals neither the inspectors nor their method."""
    section = order.inspection.section
    findings = [[f.indicator_name, f.text, f.get_severity_display()] for f in order.inspection.findings.all()]
    until = with_hint_of(in_chinese(order.due_on), order.term)
    return print_letter(
        "order",
        "责令整改通知书",
        order.inspection.plan.round,
        order.issued_at,
        to=f"{section.department_name}：",
        body=f"经暗访督查，你单位{section.name}存在下列问题，请于{until}前整改到位，并反馈整改情况。",
        findings=findings,
        demand=order.demand,
        signed_at=order.issued_at,
    )
