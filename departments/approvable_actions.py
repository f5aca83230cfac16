"""Approvable actions of the roster, declared by its features."""

from departments.models import Department, Section
from departments.reforms import approvals as reforms
from departments.roster.approvals import IMPORT_ROSTER
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.approvals import services as approvals


def register() -> None:
    """Register the handlers of all features."""
    approvals.register(
        IMPORT_ROSTER,
        *reforms.ACTIONS,
        *approvable_edits(Department, "roster.edit"),
        *approvable_edits(Section, "roster.edit"),
    )
