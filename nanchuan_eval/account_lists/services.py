"""Accounts from a list: created without a role, their roles proposed in one act, their letters printed once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from nanchuan_eval.account_lists.queries import GRANT, known_accounts, known_units, letters, requested
from nanchuan_eval.account_lists.rules import COLUMNS, Comparison, compare
from nanchuan_eval.accounts.letters import letters_pdf
from nanchuan_eval.accounts.links import make_link
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.lists.rules.tables import TableError, read_table
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User

CHANGED = "名单中的账号有变动，没有办理。请刷新本页，核对后重新勾选。"


def read_list(rows: Sequence[Row], answers: Mapping[str, str]) -> Comparison:
    """Return what a list asks for; refuses a file with faults."""
    try:
        table = read_table(rows, COLUMNS, what="账号")
    except TableError as error:
        raise FileRefused(error.faults) from None
    found = compare(table.records, known_accounts(), known_units(), answers)
    if found.faults:
        raise FileRefused(found.faults)
    return Comparison(found.wanted, found.present, found.questions, (), (*table.notices, *found.notices))


@transaction.atomic
def create_listed(
    *, rows: Sequence[Row], answers: Mapping[str, str], agreed: Sequence[str], by: User, at: datetime
) -> int:
    """Create the accounts of a list without role and password; `agreed` = the usernames shown. Returns how many."""
    policy.check(by, "user.create")
    # Two lists at once: the second waits, then finds the accounts of the first.
    list(User.objects.select_for_update().filter(role=Role.SYSTEM_ADMIN).order_by("pk"))
    found = read_list(rows, answers)
    if [one.username for one in found.wanted] != list(agreed):
        raise RuleViolation("预览之后账号有变动，没有建立账号。请核对新的预览后再确认。")
    for one in found.wanted:
        account = User(username=one.username, name=one.name, person_code=one.person_code.strip())
        account.requested_role, account.requested_unit = one.role, one.unit_code
        account.set_unusable_password()
        account.save()
        detail = {"step_label": "按名单建立账号", "requested": one.role, "unit": one.unit_code}
        audit.record("user.create", account, by=by, at=at, detail=detail, wrote=[account])
    return len(found.wanted)


@transaction.atomic
def propose_requested(*, account_ids: Sequence[int], reason: str, by: User, at: datetime) -> int:
    """Propose the roles of a list for the chosen accounts, all or none; returns how many."""
    policy.check_starts(by, GRANT)
    open_, _ = requested()
    chosen = [account for account in open_ if account.pk in set(account_ids)]
    if not account_ids:
        raise RuleViolation("请勾选要授权的账号。")
    if len(chosen) != len(set(account_ids)):
        raise RuleViolation(CHANGED)
    refusals = []
    for account in chosen:
        given = {"role": account.requested_role, "unit_code": account.requested_unit, "reason": reason}
        try:
            approvals.start(GRANT, account, by=by, at=at, **given)
        except RuleViolation as refusal:
            refusals.append(f"{account.name}（{account.username}）：{refusal}")
    if refusals:
        raise RuleViolation("下列账号不能授权，其他账号也没有提请。请取消勾选这些账号后再提请：", *refusals)
    return len(chosen)


@transaction.atomic
def print_letters(*, account_ids: Sequence[int], site: str, by: User, at: datetime) -> bytes:
    """Print the letters of the chosen accounts, each with a new link; an account gets its first letter once."""
    policy.check(by, "user.pwlink")
    if not account_ids:
        raise RuleViolation("请勾选要打印登录通知书的账号。")
    accounts = list(
        User.objects.select_for_update().filter(pk__in=account_ids).order_by("role", "unit_code", "username")
    )
    groups = letters(at)
    ready = {account.pk for account in (*groups.due, *groups.expired)}
    if {account.pk for account in accounts} != set(account_ids) or not set(account_ids) <= ready:
        raise RuleViolation("有账号刚刚已经打印或者已经设置口令，没有打印。请刷新本页，核对后重新勾选。")
    return letters_pdf([make_link(account, by=by, at=at) for account in accounts], site=site, at=at)
