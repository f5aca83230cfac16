"""Who may do what: one table (policy.csv, 103 actions x 13 roles) and one question to it.

Cells: Y does it, A approves (the approver's act is the deed), P proposes, V sees, M sees masked figures,
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
# Rows of the table without an occasion: sections with equal scores share a place, so no tie is ever broken (R-E).
NEVER_ARISES = frozenset({"tally.tiebreak"})


class Role(TextChoices):
    """The columns of the table (角色)."""

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
    """Whoever asks: an account, a nameless citizen or the clock."""

    @property
    def role(self) -> str: ...


class AnonymousActor:
    """An actor without account (群众、持票人、系统定时任务)."""

    def __init__(self, role: str) -> None:
        self.role = role


ANONYMOUS = AnonymousActor(Role.ANONYMOUS)
BALLOT_HOLDER = AnonymousActor(Role.BALLOT_HOLDER)
CLOCK = AnonymousActor("CLOCK")
OPERATOR = AnonymousActor("CLI")
# Beside the table: what happens by itself when its time has come, and what the operator of the
# server's shell does in the office's name (he could write to the database anyway; the trace says so).
BESIDE_THE_TABLE = {
    CLOCK.role: frozenset({"round.close", "user.create"}),
    OPERATOR.role: frozenset(
        {
            "roster.import",
            "pool.import",
            "round.close",
            "tally.run",
            "tally.verify",
            "top10.export",
            "user.create",
            "retention.purge",
            "privacy.handle",
            "backup.make",
            "backup.restore",
        }
    ),
}


class Denied(PermissionDenied):
    """The table says no; answered with 403 and one audit row."""

    def __init__(self, actor: Actor, action: str, what: str = "") -> None:
        super().__init__(f"您的角色没有“{action_name(action)}”的权限。")
        self.actor, self.action, self.what = actor, action, what


class Hidden(Http404):
    """The table says no, and even that the thing exists is secret: answered with 404 and one audit row."""

    def __init__(self, actor: Actor, action: str, what: str = "") -> None:
        super().__init__("没有找到您要查看的内容。")
        self.actor, self.action, self.what = actor, action, what


# What leaves a trace though it is nobody's right: log-in and the machine's own doings.
EVENTS = {
    "session.login": "登录",
    "session.failed": "登录失败",
    "session.enrolled": "绑定动态口令",
    "session.factor": "输入动态口令",
    "session.expired": "超时退出",
    "session.locked": "连续失败后锁定",
    "session.logout": "退出登录",
    "desk.enter": "进入工作台",
    "log.anchor": "日志锚点",
    "keys.rotated": "更换加密密钥",
    "log.dropped": "移出已归档日志",
}


# The action being done under an approval just now. The services below the approval need not know of it: their own
# check() looks here.
_approved: ContextVar[str] = ContextVar("approved", default="")
# The action that is only tried and taken back just now, by somebody who was asked already whether he may begin it.
_rehearsed: ContextVar[str] = ContextVar("rehearsed", default="")


class NeedsApproval(RuleViolation):
    """The actor's role may do it, but not alone."""


@contextmanager
def approved(action: str) -> Iterator[None]:
    """Let the action through check(): another person has just approved what one person proposed."""
    token = _approved.set(action)
    try:
        yield
    finally:
        _approved.reset(token)


@contextmanager
def rehearsed(action: str) -> Iterator[None]:
    """Let the action through check() because its transaction is rolled back, whatever comes of it."""
    token = _rehearsed.set(action)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        _rehearsed.reset(token)


@cache
def table() -> dict[str, dict[str, str]]:
    """Return the whole table: action code -> the row's cells by column name."""
    with TABLE.open(encoding="utf-8", newline="") as source:
        return {row["action"]: row for row in csv.DictReader(source)}


def action_name(action: str) -> str:
    """Return the Chinese name of an action."""
    return EVENTS.get(action) or table()[action]["name_zh"]


def role_name(role: str) -> str:
    """Return the Chinese name of a role, of the clock or of the operator's shell."""
    beside = {CLOCK.role: "系统定时", OPERATOR.role: "服务器命令"}
    return beside.get(role) or (str(Role(role).label) if role in Role.values else role)


def is_known(action: str) -> bool:
    """Say whether the trace may name the action."""
    return action in EVENTS or action in table()


def roles_allowed(action: str) -> list[Role]:
    """Return the roles whose deed the action is (who presses the button)."""
    return _roles(action, DOES)


def roles_proposing(action: str) -> list[Role]:
    """Return the roles that put the action forward for another's approval."""
    return _roles(action, PROPOSES)


def may(actor: Actor, action: str, *, own: bool = False) -> bool:
    """Say whether the actor may do the action; `own` = the object is his own or assigned to him."""
    return _has(actor, action, DOES, own=own)


def may_start(actor: Actor, action: str, *, own: bool = False) -> bool:
    """Say whether the button belongs on the actor's page: to propose the action, or to do it alone."""
    return (may_propose if requires_approval(action) else may)(actor, action, own=own)


def starters(action: str) -> list[Role]:
    """Return the roles whose button it is."""
    return (roles_proposing if requires_approval(action) else roles_allowed)(action)


def may_see(actor: Actor, action: str, *, own: bool = False) -> bool:
    """Say whether the actor may at least look at what the action is about."""
    return _has(actor, action, SEES, own=own)


def may_propose(actor: Actor, action: str, *, own: bool = False) -> bool:
    """Say whether the actor may put the action forward for approval."""
    return _has(actor, action, PROPOSES, own=own)


@cache
def two_person_actions() -> frozenset[str]:
    """Actions that one role proposes and another approves: the rows with both a P and an A cell."""
    return frozenset(action for action in table() if roles_proposing(action) and _roles(action, APPROVES))


def requires_approval(action: str) -> bool:
    """True if the action is done by proposal and approval; `TWO_PERSON_RULE=false` switches the rule off."""
    return settings.TWO_PERSON_RULE and action in two_person_actions()


def check(actor: Actor, action: str, *, own: bool = False) -> None:
    """Refuse with `Denied` unless the actor may do the action, and what takes two persons unless it is approved."""
    if _rehearsed.get() == action:
        return
    if not may(actor, action, own=own):
        raise Denied(actor, action)
    attempts.record_attempt(actor, action)
    if requires_approval(action) and actor.role not in BESIDE_THE_TABLE and _approved.get() != action:
        proposers = "、".join(role.label for role in roles_proposing(action))
        raise NeedsApproval(f"“{action_name(action)}”须由{proposers}提请，再由另一人审批，不能一人办理。")


def check_starts(actor: Actor, action: str) -> None:
    """Refuse with `Denied` unless the actor may prepare the action: he proposes it, or he may do it."""
    if not (may(actor, action) or may_start(actor, action)):
        raise Denied(actor, action)
    attempts.record_attempt(actor, action)


def check_proposes(actor: Actor, action: str, *, own: bool = False) -> None:
    """Refuse with `Denied` unless the actor may put the action forward."""
    if not may_propose(actor, action, own=own):
        raise Denied(actor, action)
    attempts.record_attempt(actor, action)


def check_sees(actor: Actor, action: str, *, own: bool = False) -> None:
    """Refuse with `Denied` unless the actor may look."""
    if not may_see(actor, action, own=own):
        raise Denied(actor, action)


def _roles(action: str, letters: frozenset[str]) -> list[Role]:
    return [role for role in Role if table()[action][role][:1] in letters]


def _has(actor: Actor, action: str, letters: frozenset[str], *, own: bool) -> bool:
    row = table()[action]
    if actor.role in BESIDE_THE_TABLE:
        return action in BESIDE_THE_TABLE[actor.role]
    cell = row.get(actor.role) or "-"
    return cell[:1] in letters and (own or not cell.endswith("o"))
