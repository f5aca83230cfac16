"""The time by which deadlines are judged, and alarms about the clocks and the scheduled commands."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.formats import date_format

from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.clock.sql import database_time

# For how many seconds this machine counts on from a reading of the database's clock before it reads again.
FRESH = 10
# Alarms of the apps, in Chinese; filled by `AppConfig.ready`.
alarms: list[Callable[[datetime], Iterable[str]]] = []
# What has waited for the scheduled commands since that time, in Chinese; filled by `AppConfig.ready`.
awaiting: list[Callable[[datetime], Iterable[str]]] = []


class Reading(NamedTuple):
    """The database's time, and this machine's count of seconds at that moment."""

    at: datetime
    tick: float


_readings: dict[str, Reading] = {}


def now() -> datetime:
    """Return the time by which deadlines are judged: the database's, or this machine's where that has no clock.

    The seconds since the last reading are counted by a timer that no correction of this machine's clock moves.
    """
    reading = _readings.get("newest")
    if reading is None or time.monotonic() - reading.tick > FRESH:
        moment = database_time()
        if moment is None:
            return timezone.now()
        reading = _readings["newest"] = Reading(moment, time.monotonic())
    return reading.at + timedelta(seconds=time.monotonic() - reading.tick)


def in_words(moment: date) -> str:
    """Format a day as 2020年6月30日, a time as 2020年6月30日 09:00."""
    if isinstance(moment, datetime):
        return date_format(timezone.localtime(moment), "Y年n月j日 H:i")
    return date_format(moment, "Y年n月j日")


def raised_alarms(at: datetime) -> list[str]:
    """Return every alarm, in Chinese."""
    standstill = filter(None, [clock_warning(at)])
    return [*clock_faults(), *_failed_runs(), *standstill, *(text for alarm in alarms for text in alarm(at))]


def clock_warning(at: datetime) -> str:
    """Return, in Chinese, that the scheduled commands stand still while a vote needs them; or ""."""
    patience, ran = timedelta(minutes=settings.CLOCK_ALARM_MINUTES), last_run()
    if ran is not None and ran > at - patience:
        return ""
    waiting = "；".join(text for reader in awaiting for text in reader(at - patience))
    if not waiting:
        return ""
    known = f"上次运行：{timezone.localtime(ran):%Y-%m-%d %H:%M}" if ran else "从未运行"
    return (
        f"定时任务已超过{settings.CLOCK_ALARM_MINUTES}分钟没有运行（{known}）：{waiting}。"
        "请系统管理员联系运维人员，检查服务器上每5分钟运行一次的定时任务。"
    )


def clock_faults() -> list[str]:
    """Return why the time cannot be trusted, in Chinese: clocks that differ, or a clock that was set back."""
    most = timedelta(seconds=settings.CLOCK_TOLERANCE_SECONDS)
    machine, moment, last = timezone.now(), database_time(), last_run()
    found = []
    if moment is not None and abs(machine - moment) > most:
        found.append(
            f"网站服务器与数据库服务器的时钟相差{_seconds(machine - moment)}秒，"
            f"超过{settings.CLOCK_TOLERANCE_SECONDS}秒（网站{_clock_face(machine)}，数据库{_clock_face(moment)}）。"
        )
    if last is not None and last - (moment or machine) > most:
        found.append(
            f"时钟被调回：现在是{_clock_face(moment or machine)}，而定时任务上次运行于{_clock_face(last)}。"
            "请系统管理员与运维人员核对时间；无误的，由运维人员在服务器上确认。"
        )
    return found


def last_run() -> datetime | None:
    """Return the time at which any of the clock's commands last ran."""
    newest: datetime | None = ClockRun.objects.aggregate(newest=Max("at"))["newest"]
    return newest


def _failed_runs() -> Iterator[str]:
    for run in ClockRun.objects.exclude(failed=""):
        yield f"定时任务“{run.name}”{timezone.localtime(run.at):%Y-%m-%d %H:%M}运行时有步骤未办成：{run.failed}。"


def _seconds(difference: timedelta) -> int:
    return round(abs(difference).total_seconds())


def _clock_face(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
