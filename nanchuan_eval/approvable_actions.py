"""The floor's own acts of two persons."""

from functools import partial

from nanchuan_eval.accounts.approvals import _grant, _grant_content, _require_fit
from nanchuan_eval.admin_site.record_changes import edit_deeds
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.services import Deed
from nanchuan_eval.audit_review.archive import ARCHIVE_DEED
from nanchuan_eval.backups.services import RESTORE
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday


def register() -> None:
    """Called once by the app's configuration."""
    grant = partial(Deed, label="授权", model=User, content=_grant_content, perform=_grant, require=_require_fit)
    approvals.register(
        grant("role.grant", action="role.grant"),
        grant("role.grant.admin", action="role.grant.admin"),
        *edit_deeds(Holiday, "round.edit"),
        ARCHIVE_DEED,
        RESTORE,
    )
