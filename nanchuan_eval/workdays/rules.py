"""Working days (工作日): a maintained calendar, Monday to Friday where it has no entry (rulebook R-K)."""

import calendar as month_lengths
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice

SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """节假日表: days off and make-up working days (调休上班)."""

    days_off: frozenset[date] = frozenset()
    extra_workdays: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        """True if the day is a working day."""
        if day in self.extra_workdays:
            return True
        return day.weekday() < SATURDAY and day not in self.days_off

    def maintains(self, year: int) -> bool:
        """True if the calendar has entries for the year; without them it only knows weekends."""
        return any(day.year == year for day in self.days_off | self.extra_workdays)

    def unmaintained_years(self, start: date, end: date) -> list[int]:
        """Return the years of the period without entered holidays (未维护当年节假日)."""
        return [year for year in range(start.year, end.year + 1) if not self.maintains(year)]


def in_chinese(day: date) -> str:
    """Format a date as 2020年6月30日."""
    return f"{day.year}年{day.month}月{day.day}日"


def add_workdays(start: date, days: int, calendar: Calendar) -> date:
    """Return the `days`-th working day after `start` (the start itself never counts; 0 = the start)."""
    if days == 0:
        return start
    return next(islice(_workdays_after(start, calendar), days - 1, None))


def add_months(start: date, months: int) -> date:
    """Return the same day `months` later, clamped to the month's end (11-30 + 3 -> 02-28; R-F)."""
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month0 + 1, min(start.day, month_lengths.monthrange(year, month0 + 1)[1]))


def _workdays_after(start: date, calendar: Calendar) -> Iterator[date]:
    days = (start + timedelta(days=n) for n in count(1))
    return (day for day in days if calendar.is_workday(day))
