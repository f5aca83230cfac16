"""What is kept how long (保存期限): each app registers what it must forget; `manage.py purge` forgets it."""

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
    """到期清除: what is over at a moment, how it is forgotten, and what wipes its last traces off the disk."""

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
    """Return what is to be forgotten now, and how many rows of each."""
    return [(item, item.due(at).count()) for item in rules]


def purge(*, by: policy.Actor, at: datetime) -> dict[str, int]:
    """Forget what is over (到期清除), leave one trace, then wipe the disk of it."""
    with transaction.atomic():
        policy.check(by, "retention.purge")
        forgotten = {item.label: count for item, count in due(at) if count}
        for item in rules:
            if item.label in forgotten:
                item.forget(item.due(at))
        if forgotten:
            audit.record("retention.purge", None, by=by, at=at, detail={"rows": forgotten})
    for item in rules:
        if item.scrub and item.label in forgotten:
            item.scrub()
    return forgotten
