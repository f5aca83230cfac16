"""Working days (工作日) and terms in them: a calendar, Monday to Friday where it has no entry (rulebook R-K).

A year's calendar counts as complete only once somebody has declared it so (节假日已录全). A term that reaches into
another year carries a hint wherever it is shown.
"""

import calendar as month_lengths
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice

SATURDAY = 5
# Statutory holidays (全国年节及纪念日放假办法, since 2025): word in the entries' names, days off at least.
STATUTORY = {"元旦": 1, "春节": 4, "清明": 1, "劳动": 2, "端午": 1, "中秋": 1, "国庆": 3}
# The notice on a year's holidays also moves working days of the last week of the year before (元旦).
TURN = timedelta(days=7)
# By so much, at most, holidays still to be entered can move the end of a term.
SLIDE = timedelta(days=28)


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


@dataclass(frozen=True)
class Entry:
    """An entry of the table of holidays."""

    day: date
    name: str
    is_workday: bool

    def __str__(self) -> str:
        return f"{in_chinese(self.day)} {self.name}"


@dataclass(frozen=True)
class Year:
    """What is entered for a year, in the order of its days."""

    number: int
    entries: tuple[Entry, ...]

    @property
    def days_off(self) -> list[Entry]:
        """The days off (放假)."""
        return [entry for entry in self.entries if not entry.is_workday]

    @property
    def extra_workdays(self) -> list[Entry]:
        """The working weekends (调休上班)."""
        return [entry for entry in self.entries if entry.is_workday]


def doubts(year: Year) -> list[str]:
    """Return in Chinese what speaks against the holidays of a year being complete; they may be all the same."""
    found = []
    for word, least in STATUTORY.items():
        days = sum(word in entry.name for entry in year.days_off)
        if days < least:
            entered = f"只录入了{days}天" if days else "没有录入"
            found.append(f"名称含“{word}”的放假日{entered}，法定至少{least}天。")
    if not year.extra_workdays:
        found.append("没有录入调休上班日。国务院办公厅的通知一般都安排周末调休上班，请核对。")
    for entry in year.extra_workdays:
        if entry.day.weekday() < SATURDAY:
            found.append(f"{entry}录为调休上班，但这一天不是周末，请核对。")
    return found


# Year -> day on which it was declared complete, or an entry of it was last changed after that.
Declared = Mapping[int, date]


@dataclass(frozen=True)
class Term:
    """期限 in working days: the day from which it is counted, and its last day."""

    starts_on: date
    ends_on: date
    # False: the last day is computed anew each time it is shown, so a later declaration mends it.
    is_stored: bool = True


def in_chinese(day: date) -> str:
    """Format a date as 2020年6月30日."""
    return f"{day.year}年{day.month}月{day.day}日"


def add_workdays(start: date, days: int, calendar: Calendar) -> date:
    """Return the `days`-th working day after `start` (the start itself never counts; 0 = the start)."""
    if days == 0:
        return start
    return next(islice(_workdays_after(start, calendar), days - 1, None))


def term_of(start: date, days: int, calendar: Calendar) -> Term:
    """Return the term of so many working days after `start`, computed anew each time it is shown."""
    return Term(start, add_workdays(start, days, calendar), is_stored=False)


def hint(term: Term | None, declared: Declared, what: str = "期限") -> str:
    """Return in Chinese why the last day of a term is not sure (未维护当年节假日); empty if it is.

    A stored term keeps its hint after the declaration or a change: its last day was fixed before, or on that day.
    """
    if term is None or term.ends_on <= term.starts_on:
        return ""
    years = _years(term, TURN)
    if not declared.keys() >= years:
        open_ = sorted(_years(term, SLIDE) - declared.keys())
        return f"{_in_words(open_)}节假日尚未确认录全，{what}按周一至周五计算，可能有变"
    late = sorted(year for year in years if declared[year] >= term.starts_on)
    if late and term.is_stored:
        return f"{what}确定时{_in_words(late)}节假日尚未确认录全或者后来有改动，须对照国务院办公厅的放假安排核对"
    return ""


def days_hint(first: date, last: date, declared: Declared) -> str:
    """Return in Chinese why the working days counted between two days are not sure; empty if they are."""
    open_ = sorted(set(range(first.year, last.year + 1)) - declared.keys())
    return f"{_in_words(open_)}节假日尚未确认录全，工作日按周一至周五计算，其中可能有放假的日子" if open_ else ""


def with_hint(text: str, term: Term | None, declared: Declared) -> str:
    """Return a text about a term with its hint in brackets, where there is one."""
    found = hint(term, declared)
    return f"{text}（{found}）" if found else text


def dated(term: Term, declared: Declared) -> str:
    """Return the last day of a term as 2020年6月30日, with its hint."""
    return with_hint(in_chinese(term.ends_on), term, declared)


def _years(term: Term, margin: timedelta) -> set[int]:
    """Return the years whose holidays decide on the last day; the day from which is counted does not count."""
    first, last = term.starts_on + timedelta(days=1), term.ends_on + margin
    return set(range(first.year, last.year + 1))


def _in_words(years: list[int]) -> str:
    return "、".join(f"{year}年" for year in years)


def add_months(start: date, months: int) -> date:
    """Return the same day `months` later, clamped to the month's end (11-30 + 3 -> 02-28; R-F)."""
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month0 + 1, min(start.day, month_lengths.monthrange(year, month0 + 1)[1]))


def _workdays_after(start: date, calendar: Calendar) -> Iterator[date]:
    days = (start + timedelta(days=n) for n in count(1))
    return (day for day in days if calendar.is_workday(day))
