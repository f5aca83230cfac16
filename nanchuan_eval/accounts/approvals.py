"""Handlers for granting roles."""

from datetime import datetime

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


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


def _names(account: User, arguments: Arguments) -> str:
    role = arguments["role"]
    if not role:
        return f"撤销{account.name}的{account.get_role_display() or '角色'}"
    return f"{account.name}为{Role(role).label}"


GRANT, GRANT_ADMIN = "role.grant", "role.grant.admin"
# Granting an administrator's role has its own row in the policy table.
ACTIONS = tuple(
    ApprovableAction(
        name,
        name,
        "授权",
        User,
        content=_grant_content,
        perform=_grant,
        require=_require_fit,
        names=_names,
        always_asks=name == GRANT_ADMIN,
        is_small=name == GRANT,
    )
    for name in (GRANT, GRANT_ADMIN)
)
