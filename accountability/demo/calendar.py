"""The days of the story, counted back from its last day, and the half-years that its rounds are about (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Self

from django.utils import timezone

from nanchuan_eval.workdays import rules as workdays

# The half-year that is told whole; the earlier ones lead up to it.
MAIN_YEAR, MAIN_HALF = 2020, 1
# Days from one half-year's story to the next.
APART = 182


class HalfYear(NamedTuple):
    """A half-year, as a round's key names it."""

    year: int
    half: int

    @property
    def text(self) -> str:
        return f"{self.year}H{self.half}"

    @property
    def period(self) -> tuple[date, date]:
        """First and last day."""
        first, last = ((1, 1), (6, 30)) if self.half == 1 else ((7, 1), (12, 31))
        return date(self.year, *first), date(self.year, *last)

    def later(self, halves: int) -> Self:
        """Return the half-year so many after this one, or before it."""
        years, half = divmod(self.half - 1 + halves, 2)
        return type(self)(self.year + years, half + 1)


def half_year(known: Iterable[str], *, earlier: int = 0) -> HalfYear:
    """Return the half-year of the next round: the one after the last, at first the main one or so many earlier."""
    keys = sorted(known)
    if not keys:
        return HalfYear(MAIN_YEAR, MAIN_HALF).later(-earlier)
    year, half = keys[-1].split("H")
    return HalfYear(int(year), int(half)).later(1)


def name_of(key: str) -> str:
    """Return what a round of this half-year is called."""
    year, half = key.split("H")
    return f"{year}年{'上' if half == '1' else '下'}半年"


@dataclass(frozen=True)
class Calendar:
    """Days of one round's story, which ends on `today`."""

    today: date

    def day(self, before: int, hour: int = 9) -> datetime:
        """Return nine o'clock, or another hour, so many days before the last day."""
        return timezone.make_aware(datetime.combine(self.today - timedelta(days=before), time(hour)))

    def on(self, before: int) -> date:
        """Return the day so many days before the last one."""
        return self.today - timedelta(days=before)

    def workdays(self, first: int, last: int, most: int, holidays: workdays.Calendar) -> int:
        """Return the longest term, at most so many working days, that begins on one day and is over by another.

        The days of the story stand at fixed distances, and a long holiday may fall between two of them.
        """
        fitting = (n for n in range(most, 0, -1) if workdays.add_workdays(self.on(first), n, holidays) <= self.on(last))
        return next(fitting, 0)
