"""Approvable actions of the core app, declared by its features."""

from nanchuan_eval.accounts import approvals as accounts
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.admin_site.services import consequences
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit_review.archive import ARCHIVE_LOG
from nanchuan_eval.backups.services import RESTORE
from nanchuan_eval.profile_changes import approvals as profile
from nanchuan_eval.workdays import approvals as workdays
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.services import note_change


def register() -> None:
    """Register the handlers of all features."""
    holidays = approvable_edits(Holiday, "round.edit")
    approvals.register(*accounts.ACTIONS, *holidays, *workdays.ACTIONS, *profile.ACTIONS, ARCHIVE_LOG, RESTORE)
    consequences[Holiday] = note_change
