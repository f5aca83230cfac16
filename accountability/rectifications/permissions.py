"""Rectifications: permissions."""

from django.db.models import QuerySet

from accountability.rectifications.models import Rectification
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


def rectifications_for(by: User) -> QuerySet[Rectification]:
    """Return the rectifications an account may look at: all, the unit's own, or those an inspector visits."""
    rows = Rectification.objects.select_related("case__result__section", "case__result__round")
    if policy.may_see(by, "rect.view"):
        return rows
    if not policy.may_see(by, "rect.view", own=True):
        return rows.none()
    if by.role == Role.INSPECTOR:
        return rows.filter(inspections__inspectors=by).distinct()
    return rows.of_unit(by.unit_code) if by.unit_code else rows.none()
