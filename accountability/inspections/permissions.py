"""Inspections: permissions."""

from django.db.models import QuerySet

from accountability.inspections.models import Inspection, Order
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


def is_assigned(by: User, inspection: Inspection) -> bool:
    """Say whether the visit is the inspector's own."""
    return by.role == Role.INSPECTOR and inspection.inspectors.filter(pk=by.pk).exists()


def inspections_for(by: User) -> QuerySet[Inspection]:
    """Return the visits an account may look at: all of them, or an inspector's own."""
    rows = Inspection.objects.select_related("section", "plan__round", "rectification")
    if policy.may_see(by, "insp.plan.view"):
        return rows
    return rows.assigned_to(by) if policy.may_see(by, "insp.plan.view", own=True) else rows.none()


def orders_for(by: User) -> QuerySet[Order]:
    """Return the orders an account may look at: all of them, or those to its own unit."""
    rows = Order.objects.select_related("inspection__section", "inspection__plan__round")
    if policy.may_see(by, "insp.plan.view"):
        return rows
    if by.role == Role.LIAISON and by.unit_code:
        return rows.filter(inspection__section__department_code=by.unit_code)
    return rows.none()
