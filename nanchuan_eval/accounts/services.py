"""Accounts (账号): created without a role, granted one by two persons; passwords and sessions."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.pinyin import spelled
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import conflicts, password_faults, require_numbered

# Roles granted by the commission: the office must not choose its own supervisors.
GUARDED_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.COMMISSION})
LOGS_A_ROLE = ("user.create", "role.grant", "role.grant.admin")
# Objections of other apps to a role: (account, role, code of a liaison's unit) -> reasons.
conflict_checks: list[Callable[[User, str, str], Iterable[str]]] = []
# The units an account may belong to, registered by the app that holds them: () -> (code, name).
units: list[Callable[[], Iterable[tuple[str, str]]]] = []
# What a grant writes.
GRANTED = ("role", "unit_code", "requested_role", "requested_unit", "expires_at")
UNUSED_FOR = timedelta(days=90)


class DistrictPasswordValidator:
    """口令规则: length, character classes, guessable words, no reuse of recent passwords."""

    def validate(self, password: str, user: Any = None) -> None:
        words = (user.username, user.name, user.unit_code, user.person_code) if isinstance(user, User) else ()
        place = current_profile().district[:-1]
        words = (*words, place, spelled(place))
        faults = password_faults(password, least=settings.PASSWORD_LENGTH, words=words)
        if isinstance(user, User) and any(check_password(password, used) for used in _used_passwords(user)):
            faults.append(f"不能使用最近{settings.PASSWORD_MEMORY}次用过的口令。")
        if faults:
            raise ValidationError(faults)

    def get_help_text(self) -> str:
        return f"至少{settings.PASSWORD_LENGTH}位，含大写字母、小写字母、数字、符号中的三类。"


@transaction.atomic
def create_account(account: User, *, by: policy.Actor, at: datetime, password: str | None = None) -> User:
    """Create an account with its role (installation), in demonstrations also with its password."""
    policy.check(by, "user.create")
    _refuse_conflicts(account, account.role, account.unit_code)
    account.person_code = account.person_code.strip()
    if password is None:
        account.set_unusable_password()
    else:
        validate_password(password, account)
        account.set_password(password)
        account.password_set_at = at
    account.expires_at = _expiry(account.role, account.expires_at, at)
    account.full_clean()
    account.save()
    audit.record("user.create", account, by=by, at=at, detail={"role": account.role}, wrote=[account])
    return account


@transaction.atomic
def save_account(account: User, *, by: User, at: datetime, changed: list[str]) -> User:
    """Save an account as edited by the system administrator; a new one has no role and no password yet."""
    policy.check(by, "user.create")
    if account.pk is None:
        account.set_unusable_password()
    if "is_active" in changed and account == by:
        raise RuleViolation("不能停用自己的账号。")
    if account.is_active:
        require_numbered(account)
    _refuse_conflicts(account, account.role, account.unit_code)
    if account.pk and account.role == Role.SUPERVISOR:
        _refuse_longer(account)
    account.renew_sessions()
    account.save()
    audit.record("user.create", account, by=by, at=at, detail={"changed": changed}, wrote=[account])
    return account


@transaction.atomic
def grant_role(*, account_id: int, role: str, unit_code: str, by: User, at: datetime) -> User:
    """Grant a role, or revoke it (role = ""); the account's sessions end at once."""
    account = User.objects.select_for_update().get(pk=account_id)
    policy.check(by, grant_action(account, role))
    if account.person == by.person:
        raise RuleViolation("不能给自己授权。")
    require_fit(account, role, unit_code)
    account.unit_code = unit_code if role == Role.LIAISON else ""
    was, account.role = account.role, role
    if role:
        account.requested_role = account.requested_unit = ""
    account.expires_at = _expiry(role, account.expires_at, at)
    account.renew_sessions()
    account.save(update_fields=[*GRANTED, "session_stamp"])
    audit.record(grant_action(account, role), account, by=by, at=at, detail={"was": was, "role": role}, wrote=[account])
    return account


def require_fit(account: User, role: str, unit_code: str) -> None:
    """Refuse a role that the account cannot have: no 人员编号, a liaison without a unit, or roles that exclude."""
    if role == Role.LIAISON and not unit_code:
        raise RuleViolation("授予单位联络员必须填写所属单位代码。")
    if role:
        require_numbered(account)
    _refuse_conflicts(account, role, unit_code)


def grant_action(account: User, role: str) -> str:
    """Return the action for granting or revoking the role; guarded roles are granted by the commission."""
    return "role.grant.admin" if GUARDED_ROLES & {role, account.role} else "role.grant"


@transaction.atomic
def set_password(*, account_id: int, password: str, at: datetime) -> User:
    """Set the account's own password (signed in or by one-time link); every session ends."""
    account = User.objects.select_for_update().get(pk=account_id)
    validate_password(password, account)
    if account.has_usable_password():
        account.earlier_passwords = [account.password, *account.earlier_passwords][: settings.PASSWORD_MEMORY]
    account.set_password(password)
    account.password_set_at = at
    account.renew_sessions()
    account.save(update_fields=["password", "password_set_at", "earlier_passwords", "session_stamp"])
    audit.record("session.own", account, by=account, at=at, detail={"step_label": "设置口令"}, wrote=[account])
    return account


@transaction.atomic
def end_sessions(*, account_id: int, by: User, at: datetime) -> User:
    """End all sessions of an account (终止会话), by its owner or an administrator."""
    account = User.objects.select_for_update().get(pk=account_id)
    action = "session.own" if account == by else "session.kill"
    policy.check(by, action, own=account == by)
    account.renew_sessions()
    account.save(update_fields=["session_stamp"])
    audit.record(action, account, by=by, at=at, detail={"step_label": "强制退出登录"})
    return account


@transaction.atomic
def sign_in(account: User, *, at: datetime) -> User:
    """Start the account's only session; an older one ends."""
    account = User.objects.select_for_update().get(pk=account.pk)
    account.renew_sessions()
    account.save(update_fields=["session_stamp"])
    audit.record_event("session.login", account, by=account, at=at)
    return account


def record_timeout(account: User, *, at: datetime) -> None:
    """Log that a session expired."""
    audit.record_event("session.expired", account, by=account, at=at)


def record_failure(username: str, *, is_locked: bool, at: datetime) -> None:
    """Log a failed log-in; the username only if such an account exists, since it may be a mistyped password."""
    account = User.objects.filter(username=audit.plain(username)).first()
    event = "session.locked" if is_locked else "session.failed"
    audit.record_event(event, account, by=policy.ANONYMOUS, at=at, is_ok=False)


def record_wrong_password(account: User, *, at: datetime) -> None:
    """Log that whoever uses the session does not know its password."""
    audit.record_event("session.password", account, by=account, at=at, is_ok=False)


@transaction.atomic
def disable_unused(*, at: datetime) -> int:
    """Disable accounts unused for 90 days (等保: 清理多余账号), also since they were reactivated; returns how many."""
    since = at - UNUSED_FOR
    stale = User.objects.filter(is_active=True, created_at__lt=since).exclude(last_login__gte=since)
    reactivated = _reactivated(since)
    accounts = [account for account in stale.select_for_update() if str(account.pk) not in reactivated]
    for account in accounts:
        account.is_active = False
        account.renew_sessions()
        account.save(update_fields=["is_active", "session_stamp"])
        detail = {"step_label": "90天未用，停用"}
        audit.record("user.create", account, by=policy.CLOCK, at=at, detail=detail, wrote=[account])
    return len(accounts)


def _reactivated(since: datetime) -> set[str]:
    """Return the keys of the accounts that an administrator has put in use again, or out of use, since then."""
    edits = AuditEntry.objects.performed().filter(action="user.create", object_type=User._meta.label, at__gte=since)
    return {key for key, detail in edits.values_list("object_id", "detail") if "is_active" in detail.get("changed", ())}


def _refuse_conflicts(account: User, role: str, unit_code: str) -> None:
    """Refuse conflicting roles of one person; a namesake without a 人员编号 counts as the same person."""
    if not role:
        return
    found = conflicts([role, *(other.role for other in User.objects.others_of(account))])
    if found:
        raise RuleViolation(*found)
    for namesake in User.objects.unnumbered().exclude(pk=account.pk):
        if is_same_name(namesake.name, account.name) and conflicts([role, namesake.role]):
            raise RuleViolation(
                f"另有同名账号“{namesake.username}”（{namesake.get_role_display()}），两种角色不能由一人兼任。"
                "请先在两个账号上填写人员编号，以便确认不是同一人。"
            )
    unit = unit_code if role == Role.LIAISON else ""
    refusals = [text for check in conflict_checks for text in check(account, role, unit)]
    if refusals:
        raise RuleViolation(*refusals)


def _expiry(role: str, given: datetime | None, at: datetime) -> datetime | None:
    """Return the expiry date; a supervisor's account lasts one day at most, from each grant."""
    if role != Role.SUPERVISOR:
        return given
    day_after = at + timedelta(days=1)
    return min(given, day_after) if given and given > at else day_after


def _refuse_longer(account: User) -> None:
    """Refuse to prolong a supervisor's account, which has no second factor: that takes a new grant."""
    until = User.objects.get(pk=account.pk).expires_at
    if until and (account.expires_at is None or account.expires_at > until):
        raise RuleViolation("监督员账号的有效期只能缩短，不能延长。需要再次使用的，请由安全管理员重新提请授权。")


def _used_passwords(user: User) -> list[str]:
    current = [user.password] if user.has_usable_password() and user.password else []
    return [*current, *user.earlier_passwords][: settings.PASSWORD_MEMORY]


def role_faults() -> Iterator[str]:
    """Yield the accounts whose role is not the one that the log granted last (for log.verify)."""
    rows = AuditEntry.objects.performed().filter(object_type=User._meta.label, action__in=LOGS_A_ROLE)
    granted: dict[str, str] = {}
    for key, detail in rows.order_by("seq").values_list("object_id", "detail"):
        granted[key] = detail.get("role", granted.get(key, ""))
    for account in User.objects.filter(pk__in=map(int, granted)).order_by("pk"):
        if account.role != granted[str(account.pk)]:
            yield f"账号{account.username}的角色与操作日志中最后一次授权不符，被改动过。"
