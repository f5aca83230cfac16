"""Approvable actions of the core app."""

from functools import partial

from nanchuan_eval.accounts.approvals import _grant, _grant_content, _require_fit
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.services import ApprovableAction
from nanchuan_eval.audit_review.archive import ARCHIVE_LOG
from nanchuan_eval.backups.services import RESTORE
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday


def register() -> None:
    """Register the core app's approvable actions; called once by the app's configuration."""
    grant = partial(
        ApprovableAction, label="授权", model=User, content=_grant_content, perform=_grant, require=_require_fit
    )
    approvals.register(
        grant("role.grant", permission="role.grant"),
        grant("role.grant.admin", permission="role.grant.admin"),
        *approvable_edits(Holiday, "round.edit"),
        ARCHIVE_LOG,
        RESTORE,
    )
