"""Retention periods (保存期限): apps register rules, `manage.py purge` deletes what has expired."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import models, transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.permissions import policy


@dataclass(frozen=True)
class RetentionRule:
    """到期清除: query of expired rows, their deletion, and scrubbing of the disk afterwards."""

    label: str
    kept: str
    due: Callable[[datetime], models.QuerySet[Any]]
    forget: Callable[[models.QuerySet[Any]], object]
    scrub: Callable[[], None] | None = None


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
    """Delete expired rows (到期清除) with one audit row, then scrub the disk."""
    with transaction.atomic():
        policy.check(by, "retention.purge")
        forgotten = {rule.label: count for rule, count in due(at) if count}
        for rule in rules:
            if rule.label in forgotten:
                rule.forget(rule.due(at))
        if forgotten:
            audit.record("retention.purge", None, by=by, at=at, detail={"rows": forgotten})
    for rule in rules:
        if rule.scrub and rule.label in forgotten:
            rule.scrub()
    return forgotten
