"""The floor's own acts of two persons."""

from datetime import datetime
from functools import partial

from nanchuan_eval import accounts, approvals
from nanchuan_eval.approvals import Arguments, Deed
from nanchuan_eval.backup import RESTORE
from nanchuan_eval.edits import edit_deeds
from nanchuan_eval.log_archive import ARCHIVE_DEED
from nanchuan_eval.models import Holiday, User
from nanchuan_eval.policy import Role


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


def _grant_content(account: User, arguments: Arguments) -> dict[str, object]:
    role = arguments["role"]
    return {
        "账号": account.username,
        "姓名": account.name,
        "人员编号": account.person_code or "（未填）",
        "现有角色": account.get_role_display() or "未授权",
        "授予角色": Role(role).label if role else "（撤销角色）",
        "所属单位代码": arguments["unit_code"],
    }


def _require_fit(account: User, arguments: Arguments, *, at: datetime) -> None:
    accounts.require_fit(account, arguments["role"], arguments["unit_code"])


def _grant(account: User, arguments: Arguments, *, by: User, at: datetime) -> User:
    return accounts.grant_role(
        account_id=account.pk, role=arguments["role"], unit_code=arguments["unit_code"], by=by, at=at
    )
