"""Upgrade of the database (升级): the migrations that are due, carried out right after a backup.

A database belongs to the version of the program whose migrations it has, all of them and no others; so does a backup.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

UPGRADED, BACKED_UP = "system.upgraded", "backup.make"
HOW = "办法见 docs/operations.md。"


class Difference(NamedTuple):
    """The migrations that a database lacks, and those it has that the program does not know (a newer version's)."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        facts = (("缺少", self.missing), ("多出", self.unknown))
        return "；".join(f"{word}{'、'.join(names)}" for word, names in facts if names)


def difference(applied: Iterable[str]) -> Difference:
    """Compare the migrations of a database or of a backup with those of the running program."""
    found = set(applied)
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    return Difference(tuple(sorted(known - found)), tuple(sorted(found - known)))


def applied_migrations() -> set[str]:
    """Return the migrations of the present database."""
    return {f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()}


def upgrade(*, by: policy.Actor, is_voting: Callable[[], bool], now: Callable[[], datetime]) -> Difference:
    """Carry out the migrations that are due and log the version; refused unless a backup was the last thing done."""
    policy.check(by, BACKED_UP)
    found = applied_migrations()
    due = difference(found)
    if not found:
        raise RuleViolation("数据库是空的，不需要升级。请用 migrate 建立数据库。")
    if due.unknown:
        raise RuleViolation(f"数据库由更新的版本写入（{due}），{settings.VERSION}版不能使用。{HOW}")
    if due.missing:
        _refuse_upgrade(is_voting())
        call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic():
        detail = {"version": settings.VERSION, "migrations": list(due.missing)}
        audit.record(UPGRADED, None, by=by, at=now(), detail=detail)
    return due


def _refuse_upgrade(is_voting: bool) -> None:
    """Refuse an upgrade during a vote, or one from which there is no way back; reads old columns only."""
    if is_voting:
        raise RuleViolation("有轮次正在评议，或者还有待封箱的评议票，数据库没有改动。请先封箱再升级。")
    if AuditEntry.objects.order_by("-seq").values_list("action", flat=True).first() != BACKED_UP:
        raise RuleViolation(
            "最近一条操作记录不是备份，升级后将无法退回现状。请停止网站和定时任务，用原来的版本执行 backup，再升级。"
        )
