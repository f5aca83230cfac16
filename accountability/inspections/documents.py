"""Inspections: documents."""

from django.utils import timezone

from accountability.cases.documents import _print
from accountability.cases.rules.deadlines import in_chinese
from accountability.inspections.models import Order


def order_notice(order: Order) -> bytes:
    """Return 责令整改通知书; it names no inspector and no way by which it was found."""
    section = order.inspection.section
    findings = [[f.get_indicator_display(), f.text, f.get_severity_display()] for f in order.inspection.findings.all()]
    return _print(
        "order",
        "责令整改通知书",
        order.inspection.plan.round,
        order.issued_at,
        to=f"{section.department_name}：",
        body=f"经暗访督查，你单位{section.name}存在下列问题，请于{in_chinese(order.due_on)}前整改到位，并反馈整改情况。",
        findings=findings,
        demand=order.demand,
        office="南川区最难办事科室群众评办公室",
        date=in_chinese(timezone.localtime(order.issued_at).date()),
    )
