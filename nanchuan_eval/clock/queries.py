"""Alarms about the clock's commands, shown on the security page."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from nanchuan_eval.clock.models import ClockRun

# Alarms of the apps, in Chinese; filled by `AppConfig.ready`.
alarms: list[Callable[[datetime], Iterable[str]]] = []


def raised_alarms(at: datetime) -> list[str]:
    """Return every alarm, in Chinese."""
    return [*_failed_runs(), *(text for alarm in alarms for text in alarm(at))]


def last_run() -> datetime | None:
    """Return the time at which any of the clock's commands last ran."""
    newest: datetime | None = ClockRun.objects.aggregate(newest=Max("at"))["newest"]
    return newest


def _failed_runs() -> Iterator[str]:
    for run in ClockRun.objects.exclude(failed=""):
        yield f"定时任务“{run.name}”{timezone.localtime(run.at):%Y-%m-%d %H:%M}运行时有步骤未办成：{run.failed}。"
