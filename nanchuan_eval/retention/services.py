"""Retention periods (保存期限): apps register rules, `manage.py purge` deletes what has expired."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import models, transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock.services import wait_for_turn
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetentionRule:
    """到期清除: query of expired rows, their deletion, and scrubbing of the disk afterwards."""

    label: str
    kept: str
    due: Callable[[datetime], models.QuerySet[Any]]
    forget: Callable[[models.QuerySet[Any]], object]
    scrub: Callable[[], None] | None = None


class IncompletePurge(RuleViolation):
    """Some rules failed; `forgotten` = what was deleted all the same."""

    def __init__(self, forgotten: dict[str, int], failed: list[str]) -> None:
        super().__init__(f"{summary(forgotten)}未能清除：{'、'.join(failed)}，详见服务器日志，下次运行时重试。")
        self.forgotten = forgotten


def summary(forgotten: dict[str, int]) -> str:
    """Return one line, in Chinese, about what a purge deleted."""
    lines = "，".join(f"{label}{count}条" for label, count in forgotten.items())
    return f"已清除{lines}。" if lines else "没有到期的内容。"


ATTEMPTS_KEPT = timedelta(days=183)
rules: list[RetentionRule] = [
    RetentionRule(
        "过期登录状态",
        "到期即清除",
        lambda at: Session.objects.filter(expire_date__lt=at),
        lambda rows: rows.delete(),
    ),
    RetentionRule(
        "登录失败记录",
        "183天",
        lambda at: AccessAttempt.objects.filter(attempt_time__lt=at - ATTEMPTS_KEPT),
        lambda rows: rows.delete(),
    ),
]


def due(at: datetime) -> list[tuple[RetentionRule, int]]:
    """Return every rule with the number of its expired rows."""
    return [(rule, rule.due(at).count()) for rule in rules]


def purge(*, by: policy.Actor, at: datetime) -> dict[str, int]:
    """Delete expired rows (到期清除) with one audit row, then scrub the disk; a failing rule stops no other.

    Raises `IncompletePurge` at the end if a rule failed.
    """
    with transaction.atomic():
        policy.check(by, "retention.purge")
        wait_for_turn("purge")
        attempts = {rule: _forget(rule, at) for rule in rules}
        forgotten = {rule.label: count for rule, count in attempts.items() if count}
        if forgotten:
            audit.record("retention.purge", None, by=by, at=at, detail={"rows": forgotten})
    failed = [rule.label for rule, count in attempts.items() if count is None]
    failed += [rule.label for rule in rules if rule.scrub and rule.label in forgotten and not _succeeds(rule.scrub)]
    if failed:
        raise IncompletePurge(forgotten, failed)
    return forgotten


def _forget(rule: RetentionRule, at: datetime) -> int | None:
    """Delete a rule's expired rows, and return how many; None if that failed and nothing was deleted."""
    count = 0

    def forget() -> None:
        nonlocal count
        with transaction.atomic():
            count = rule.due(at).count()
            if count:
                rule.forget(rule.due(at))

    return count if _succeeds(forget) else None


def _succeeds(work: Callable[[], None]) -> bool:
    try:
        work()
    except Exception:  # whatever it is, the other rules must run
        log.exception("retention")
        return False
    return True
