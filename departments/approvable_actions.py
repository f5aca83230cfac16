"""Approvable actions of the roster."""

from departments.models import Department, Section
from departments.reforms.approvals import REFORM, _given, _reform, _reform_content
from departments.roster.approvals import IMPORT_ROSTER
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.services import ApprovableAction


def register() -> None:
    """Register them; called once by the app's configuration."""
    approvals.register(
        IMPORT_ROSTER,
        *approvable_edits(Department, "roster.edit"),
        *approvable_edits(Section, "roster.edit"),
        ApprovableAction(
            REFORM,
            "roster.edit",
            "科室沿革",
            Section,
            content=_reform_content,
            perform=lambda _, arguments, by, at: _reform(arguments)(**_given(arguments), by=by, at=at),
            names=lambda section, arguments: f"{arguments['kind']} {section}",
        ),
    )
