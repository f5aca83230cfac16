"""Installation (安装): the first accounts, once, by the operator; links for those who have not used theirs."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from nanchuan_eval.accounts.links import OneTimeLink, make_link
from nanchuan_eval.accounts.services import create_account
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.installation.rules import FirstAccount, faults, named
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

INSTALLED = "system.installed"
ALREADY = (
    "系统已经有账号，不能再次建立首批账号。首次登录前链接遗失、过期的，用 setup --renew 账号 --site 地址 重新发链接；"
    "其他账号由系统管理员在工作台的“账号”中建立、发链接。"
)


@transaction.atomic
def install(first: Sequence[FirstAccount], *, by: policy.Actor, at: datetime) -> list[OneTimeLink]:
    """Create the first accounts with their roles and a link each; refused once there is any account."""
    policy.check(by, "user.create")
    if found := list(faults(first)):
        raise RuleViolation(*found)
    # Written first: it locks the log, so that of two installations at once the second finds the accounts of the first.
    detail = {"version": settings.VERSION, "accounts": len(first)}
    audit.record(INSTALLED, None, by=by, at=at, detail=detail)
    if User.objects.exists():
        raise RuleViolation(ALREADY)
    links = []
    for one in named(first):
        account = User(username=one.username, name=one.name, role=one.role, person_code=one.person_code)
        links.append(make_link(create_account(account, by=by, at=at), by=by, at=at))
    return links


@transaction.atomic
def renew_links(*, usernames: Iterable[str], by: policy.Actor, at: datetime) -> list[OneTimeLink]:
    """Issue new links to first accounts that were never used, or to a system administrator who cannot get in."""
    policy.check(by, "user.pwlink")
    made = AuditEntry.objects.performed().filter(action="user.create", role=policy.OPERATOR.role)
    first = {int(key) for key in made.values_list("object_id", flat=True)}
    accounts = {account.username: account for account in User.objects.select_for_update().filter(pk__in=first)}
    wanted = list(usernames) or [name for name, account in accounts.items() if not account.has_usable_password()]
    if not wanted:
        raise RuleViolation("首批账号都已经设置口令，没有需要重新发链接的。忘记口令的，由系统管理员在“账号”中发链接。")
    refused = [refusal for name in wanted if (refusal := _refusal(accounts.get(name), name, at))]
    if refused:
        raise RuleViolation(*refused)
    return [make_link(accounts[name], by=by, at=at) for name in wanted]


def _refusal(account: User | None, username: str, at: datetime) -> str:
    if account is None:
        return f"“{username}”不是安装时建立的账号，请由系统管理员在工作台的“账号”中发链接。"
    if not account.is_usable(at):
        return f"账号“{username}”已停用或已到期，请由系统管理员先启用。"
    if account.has_usable_password() and account.role != Role.SYSTEM_ADMIN:
        return f"账号“{username}”已经设置口令。忘记口令的，请由系统管理员在工作台的“账号”中发链接。"
    return ""
