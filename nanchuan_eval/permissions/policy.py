"""Permissions: one table (policy.csv, actions x 13 roles) and the functions that ask it.

Cells: Y performs, A approves (the approval performs the action), P proposes, V views, M views masked figures,
W witnesses, `-` nothing; a trailing `o` limits the right to the actor's own or assigned objects.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import TextChoices
from django.http import Http404

from nanchuan_eval.core import attempts
from nanchuan_eval.core.errors import RuleViolation

TABLE = Path(__file__).with_name("policy.csv")
DOES = frozenset("YA")
SEES = frozenset("YAPVMW")
PROPOSES = frozenset("P")
APPROVES = frozenset("A")
# Rows that never apply: sections with equal scores share a place, so no tie is ever broken (R-E).
NEVER_ARISES = frozenset({"tally.tiebreak"})


class Role(TextChoices):
    """Roles (角色): the columns of the table."""

    ANONYMOUS = "A", "匿名群众"
    BALLOT_HOLDER = "B", "持票人"
    SUPERVISOR = "S", "监督员"
    TARGETED = "T", "定向评议人员"
    CLERK = "C", "评议办工作人员"
    CHIEF = "H", "评议办负责人"
    COMMISSION = "D", "纪委监委"
    LIAISON = "L", "单位联络员"
    INSPECTOR = "I", "暗访督查员"
    PERSONNEL = "O", "组织/考核部门"
    SYSTEM_ADMIN = "SYS", "系统管理员"
    SECURITY_ADMIN = "SEC", "安全管理员"
    AUDITOR = "AUD", "审计员"


class Actor(Protocol):
    """Anyone who acts: an account, an anonymous citizen or a scheduled job."""

    @property
    def role(self) -> str: ...


class AnonymousActor:
    """An actor without an account (群众、持票人、系统定时任务)."""

    def __init__(self, role: str) -> None:
        self.role = role


ANONYMOUS = AnonymousActor(Role.ANONYMOUS)
BALLOT_HOLDER = AnonymousActor(Role.BALLOT_HOLDER)
CLOCK = AnonymousActor("CLOCK")
OPERATOR = AnonymousActor("CLI")
MACHINE = AnonymousActor("API")
# Permitted outside the table: actions of scheduled jobs, and of the operator at the server's shell, who could
# write to the database anyway; the audit log records it.
OUTSIDE_THE_TABLE = {
    CLOCK.role: frozenset({"round.close", "user.create"}),
    # A department's system, which has shown its token: its records of a day.
    MACHINE.role: frozenset({"pool.import"}),
    OPERATOR.role: frozenset(
        {
            "roster.import",
            "pool.import",
            "round.close",
            "box.open",
            "tally.run",
            "ballot.raw",
            "top10.export",
            "user.create",
            "user.pwlink",
            "retention.purge",
            "privacy.handle",
            "backup.make",
            "backup.restore",
            "profile.edit",
        }
    ),
}


class Denied(PermissionDenied):
    """The table denies the action; answered with 403 and one audit row."""

    def __init__(self, actor: Actor, action: str, what: str = "") -> None:
        super().__init__(_denial(actor, action))
        self.actor, self.action, self.what = actor, action, what


class Hidden(Http404):
    """The table denies even knowing of the object; answered with 404 and one audit row."""

    def __init__(self, actor: Actor, action: str, what: str = "") -> None:
        super().__init__("没有找到您要查看的内容。")
        self.actor, self.action, self.what = actor, action, what


# Logged although no row of the table permits them: sessions and maintenance.
EVENTS = {
    "session.login": "登录",
    "session.failed": "登录失败",
    "session.password": "修改口令时原口令有误",
    "session.enrolled": "绑定动态口令",
    "session.factor": "输入动态口令",
    "session.expired": "超时退出",
    "session.locked": "连续失败后锁定",
    "session.logout": "退出登录",
    "desk.enter": "进入工作台",
    "log.anchor": "日志锚点",
    "keys.rotated": "更换加密密钥",
    "clock.confirmed": "确认时钟",
    "log.dropped": "移出已归档日志",
    "system.installed": "安装系统，建立首批账号",
    "system.upgraded": "升级系统",
    "backup.tested": "试恢复备份",
}


# The action being performed under an approval: check() reads it, so that services need not know of approvals.
_approved: ContextVar[str] = ContextVar("approved", default="")
# The action being tried in a transaction that is rolled back; whether the actor may start it was checked before.
_rehearsed: ContextVar[str] = ContextVar("rehearsed", default="")


class NeedsApproval(RuleViolation):
    """The actor's role may perform the action, but not without another person's approval."""


@contextmanager
def approved(action: str) -> Iterator[None]:
    """Let check() accept the action: another person has just approved the proposal."""
    token = _approved.set(action)
    try:
        yield
    finally:
        _approved.reset(token)


@contextmanager
def rehearsed(action: str) -> Iterator[None]:
    """Let check() accept the action: its transaction is rolled back in any case."""
    token = _rehearsed.set(action)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        _rehearsed.reset(token)


@cache
def table() -> dict[str, dict[str, str]]:
    """Return the whole table: action -> cells by column name."""
    with TABLE.open(encoding="utf-8", newline="") as source:
        return {row["action"]: row for row in csv.DictReader(source)}


def action_name(action: str) -> str:
    """Return the Chinese name of an action."""
    return EVENTS.get(action) or table()[action]["name_zh"]


def role_name(role: str) -> str:
    """Return the Chinese name of a role, of scheduled jobs or of the operator."""
    beside = {CLOCK.role: "系统定时", OPERATOR.role: "服务器命令", MACHINE.role: "业务系统"}
    return beside.get(role) or (str(Role(role).label) if role in Role.values else role)


def is_known(action: str) -> bool:
    """True if the action is in the table or one of EVENTS."""
    return action in EVENTS or action in table()


def roles_allowed(action: str) -> list[Role]:
    """Return the roles that may perform the action."""
    return _roles(action, DOES)


def roles_proposing(action: str) -> list[Role]:
    """Return the roles that propose the action for another person's approval."""
    return _roles(action, PROPOSES)


def may(actor: Actor, action: str, *, own: bool = False) -> bool:
    """True if the actor may perform the action; `own` = the object belongs or is assigned to the actor."""
    return _has(actor, action, DOES, own=own)


def may_start(actor: Actor, action: str, *, own: bool = False) -> bool:
    """True if the actor may propose the action or, where no approval is required, perform it."""
    return (may_propose if requires_approval(action) else may)(actor, action, own=own)


def starters(action: str) -> list[Role]:
    """Return the roles that may start the action: propose it or, where no approval is required, perform it."""
    return (roles_proposing if requires_approval(action) else roles_allowed)(action)


def may_see(actor: Actor, action: str, *, own: bool = False) -> bool:
    """True if the actor may at least view the object of the action."""
    return _has(actor, action, SEES, own=own)


def may_propose(actor: Actor, action: str, *, own: bool = False) -> bool:
    """True if the actor may propose the action for approval."""
    return _has(actor, action, PROPOSES, own=own)


@cache
def two_person_actions() -> frozenset[str]:
    """Return the actions that one role proposes and another approves: rows with both P and A cells."""
    return frozenset(action for action in table() if roles_proposing(action) and _roles(action, APPROVES))


def requires_approval(action: str) -> bool:
    """True if the action needs proposal and approval; `TWO_PERSON_RULE=false` switches this off."""
    return settings.TWO_PERSON_RULE and action in two_person_actions()


def check(actor: Actor, action: str, *, own: bool = False) -> None:
    """Raise `Denied` unless the actor may perform the action, `NeedsApproval` if it lacks a required approval."""
    if _rehearsed.get() == action:
        return
    if not may(actor, action, own=own):
        raise Denied(actor, action)
    attempts.record_attempt(actor, action)
    if requires_approval(action) and actor.role not in OUTSIDE_THE_TABLE:
        _check_approved(action)


def check_by_two(actor: Actor, action: str) -> None:
    """As `check`, but even with `TWO_PERSON_RULE=false` nobody performs the action alone."""
    check(actor, action)
    _check_approved(action)


def check_starts(actor: Actor, action: str) -> None:
    """Raise `Denied` unless the actor may prepare the action: propose or perform it."""
    if not (may(actor, action) or may_start(actor, action)):
        raise Denied(actor, action)
    attempts.record_attempt(actor, action)


def check_may_start(actor: Actor, action: str, *, own: bool = False) -> None:
    """Raise `Denied` unless the actor may start the action; call it before showing its form."""
    if not may_start(actor, action, own=own):
        raise Denied(actor, action)


def check_proposes(actor: Actor, action: str, *, own: bool = False) -> None:
    """Raise `Denied` unless the actor may propose the action."""
    if not may_propose(actor, action, own=own):
        raise Denied(actor, action)
    attempts.record_attempt(actor, action)


def check_sees(actor: Actor, action: str, *, own: bool = False) -> None:
    """Raise `Denied` unless the actor may view the object of the action."""
    if not may_see(actor, action, own=own):
        raise Denied(actor, action)


def _denial(actor: Actor, action: str) -> str:
    """Say why the action is denied: whoever approves it has a part in it, and only may not propose it."""
    if requires_approval(action) and may(actor, action):
        proposers = "、".join(role.label for role in roles_proposing(action))
        return f"“{action_name(action)}”须由{proposers}提请，您的角色负责审批，不能提请。"
    return f"您的角色没有“{action_name(action)}”的权限。"


def _check_approved(action: str) -> None:
    if _approved.get() != action:
        proposers = "、".join(role.label for role in roles_proposing(action))
        raise NeedsApproval(f"“{action_name(action)}”须由{proposers}提请，再由另一人审批，不能一人办理。")


def _roles(action: str, letters: frozenset[str]) -> list[Role]:
    return [role for role in Role if table()[action][role][:1] in letters]


def _has(actor: Actor, action: str, letters: frozenset[str], *, own: bool) -> bool:
    row = table()[action]
    if actor.role in OUTSIDE_THE_TABLE:
        return action in OUTSIDE_THE_TABLE[actor.role]
    cell = row.get(actor.role) or "-"
    return cell[:1] in letters and (own or not cell.endswith("o"))
