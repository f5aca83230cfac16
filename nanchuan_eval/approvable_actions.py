"""Approvable actions of the core app, declared by its features."""

from nanchuan_eval.accounts import approvals as accounts
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit_review.archive import ARCHIVE_LOG
from nanchuan_eval.backups.services import RESTORE
from nanchuan_eval.workdays.models import Holiday


def register() -> None:
    """Register the handlers of all features."""
    approvals.register(*accounts.ACTIONS, *approvable_edits(Holiday, "round.edit"), ARCHIVE_LOG, RESTORE)
