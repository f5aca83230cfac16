"""Entries of visits (暗访), of orders with replies and return visits (责令整改), of objections and appeals."""

from collections.abc import Iterator

from django.urls import reverse

from accountability.inspections.models import Inspection, Order
from accountability.inspections.rules import InspectionState, OrderState
from accountability.objections.models import Objection
from accountability.section_story.queries.reading import Found, Reading, facts, files_of, timed
from accountability.section_story.rules import Entry, Kind
from nanchuan_eval.workdays.rules import in_chinese


def visits_and_orders(reading: Reading) -> Iterator[Found]:
    """Yield the visits that the account may see, and the orders; a unit sees its orders only (six queries)."""
    visits = list(
        Inspection.objects.visible_to(reading.by)
        .filter(section__in=reading.ids)
        .prefetch_related("findings", "item_checks__item", "changes")
    )
    files = files_of("inspection", visits)
    for visit in visits:
        yield visit.section_id, _visit(visit, files.get(visit.pk, ()))
    for order in Order.objects.visible_to(reading.by).filter(inspection__section__in=reading.ids):
        for entry in _order(order):
            yield order.inspection.section_id, entry


def objections_of(reading: Reading) -> Iterator[Found]:
    """Yield the objections and appeals with their answers (two queries)."""
    rows = list(Objection.objects.visible_to(reading.by).filter(section__in=reading.ids))
    files = files_of("objection", rows)
    for row in rows:
        address, stage = reverse("accountability:objection", args=[row.pk]), row.get_stage_display()
        about = [("事由", row.get_ground_display()), ("事实和理由", row.facts)]
        filed = timed(Kind.OBJECTION, row.filed_at, f"提出{stage}", about, address=address, files=files.get(row.pk, ()))
        yield row.section_id, filed
        if row.recounted_at:
            agrees = "与计票结果一致" if row.recount_agrees else "与计票结果不一致"
            yield row.section_id, timed(Kind.OBJECTION, row.recounted_at, f"{stage}：复算{agrees}", address=address)
        if row.decided_at:
            answer = [("答复", row.answer)]
            what = f"{stage}答复：{row.get_outcome_display()}"
            yield row.section_id, timed(Kind.OBJECTION, row.decided_at, what, answer, address=address)


def _visit(visit: Inspection, files: tuple[object, ...]) -> Entry:
    address, source = reverse("accountability:inspection", args=[visit.pk]), visit.source
    if visit.submitted_at is None or visit.arrived_at is None:
        what = f"暗访（{source}）：{visit.get_state_display()}{'，已过期' if visit.is_missed else ''}"
        is_ahead = visit.state in {InspectionState.PLANNED, InspectionState.ASSIGNED}
        changes = facts(("改期和取消", change) for change in visit.changes.all())
        return Entry(Kind.VISIT, what, visit.visit_on, details=changes, address=address, is_ahead=is_ahead)
    findings = "；".join(f"{found.text}（{found.get_severity_display()}）" for found in visit.findings.all())
    checks = "；".join(
        f"{check.item.problem}：{'整改到位' if check.is_passed else '整改不到位'}" for check in visit.item_checks.all()
    )
    details = [
        ("发现的问题", findings or "没有发现问题"),
        ("整改复查", checks),
        ("现场情况", visit.situation),
        ("审定", "" if visit.approved_at else "尚未审定"),
    ]
    what = f"暗访（{source}）：{visit.get_conclusion_display()}"
    return timed(Kind.VISIT, visit.arrived_at, what, details, address=address, files=files)


def _order(order: Order) -> Iterator[Entry]:
    address = reverse("accountability:order", args=[order.pk])
    # The term of an order still to be answered is an entry of its own.
    until = "" if order.state == OrderState.ISSUED else in_chinese(order.due_on)
    demand = [("整改要求", order.demand), ("整改期限", until)]
    yield timed(Kind.ORDER, order.issued_at, "发出责令整改通知", demand, address=address)
    if order.state == OrderState.ISSUED:
        yield Entry(Kind.ORDER, "反馈责令整改的期限", order.due_on, address=address, is_ahead=True, term=order.term)
    if order.replied_at:
        reply = [("单位反馈", order.reply), ("状态", order.get_state_display())]
        yield timed(Kind.ORDER, order.replied_at, "单位反馈责令整改情况", reply, address=address)
