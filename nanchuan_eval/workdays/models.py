"""Holidays and working weekends (节假日、调休), and the years for which all of them are entered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.conf import settings
from django.db import models

from nanchuan_eval.workdays.rules import Calendar

Found = TypeVar("Found")
# What one page has read of the calendar, where it asked for it to be read once.
_read: ContextVar[dict[str, Any] | None] = ContextVar("read_calendar", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Read holidays and complete years at most once while a page is gathered."""
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def once(name: str, read: Callable[[], Found]) -> Found:
    """Return what `read` returns, read once within `read_once`."""
    known = _read.get()
    if known is None:
        return read()
    if name not in known:
        known[name] = read()
    found: Found = known[name]
    return found


class HolidayQuerySet(models.QuerySet["Holiday"]):
    """Query set that converts to a `Calendar`."""

    def calendar(self) -> Calendar:
        """Return the whole table as a `Calendar` (one query)."""
        days = once("holidays", lambda: dict(self.values_list("day", "is_workday")))
        return Calendar(
            days_off=frozenset(day for day, works in days.items() if not works),
            extra_workdays=frozenset(day for day, works in days.items() if works),
        )


class Holiday(models.Model):
    """节假日、调休: days that differ from the Monday-to-Friday week."""

    day = models.DateField("日期", unique=True)
    name = models.CharField("名称", max_length=40)
    is_workday = models.BooleanField("调休上班", default=False, help_text="周末调休上班时勾选")

    objects = HolidayQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "节假日与调休"
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class CompleteYear(models.Model):
    """节假日录全年份: a year declared to have all its holidays; terms that reach into other years carry a hint."""

    year = models.PositiveSmallIntegerField("年份", unique=True)
    # Empty for the years that came with the release.
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="确认人", null=True, related_name="+"
    )
    declared_at = models.DateTimeField("确认时间", null=True)
    # Last change of one of the year's entries since the declaration.
    changed_at = models.DateTimeField("此后变动时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "节假日录全年份"
        ordering = ["-year"]

    def __str__(self) -> str:
        return f"{self.year}年"
