"""Objections: permissions."""

from django.db.models import QuerySet

from accountability.objections.models import Objection
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


def objections_for(by: User) -> QuerySet[Objection]:
    """Return the objections an account may look at: all of them, or its own unit's."""
    rows = Objection.objects.select_related("section", "round", "filed_by", "correction")
    if policy.may_see(by, "appeal.view"):
        return rows
    return rows.of_unit(by.unit_code) if by.role == Role.LIAISON and by.unit_code else rows.none()
