"""What the public pages of the records (办件公开) show: by unit and by day, received and stated, and the chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple, Self

from django.db.models import Count, Max
from django.utils import timezone

from departments.models import Department
from evaluations.service_records.models import RecordBatch
from evaluations.service_records.queries.chain import (
    Stated,
    chain_of,
    chains,
    days_delivered,
    period_watched,
    public_chain_faults,
    rated_units,
    stated_counts,
)
from evaluations.service_records.rules.chain import Link
from evaluations.service_records.rules.frame import days_between
from evaluations.service_records.rules.gaps import Gaps, Period, first_expected, gaps_of, last_expected
from evaluations.verdicts.queries import Verdict, checked, unchecked
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import days_hint, in_chinese

HEADINGS = ("unit", "seq", "day", "records", "digest", "head", "correction")
AGREES = "各单位的累计校验值由逐批件数和校验值算出，与操作日志所记全部一致；各批现有的办件数与收到时相同"
NOTHING = "还没有单位报送办件。"
NOT_STATED, SAME, OTHER = "未自报", "一致", "不一致"


@dataclass(frozen=True)
class DayLine:
    """A day of a unit: what was received in all batches, what the unit stated, and how the two compare."""

    day: date
    received: int
    stated: int | None
    batches: Sequence[Link]
    # What the unit stated before it changed the figure.
    earlier: Sequence[int] = ()

    @property
    def comparison(self) -> str:
        """Return how the counts compare."""
        if self.stated is None:
            return NOT_STATED
        return SAME if self.stated == self.received else OTHER

    @property
    def differs(self) -> bool:
        """True if the unit stated another count."""
        return self.comparison == OTHER


@dataclass(frozen=True)
class UnitLine:
    """A unit's records in all."""

    code: str
    name: str
    days: Sequence[DayLine]
    missing: Gaps
    head: str

    @property
    def received(self) -> int:
        """Return the records received."""
        return sum(line.received for line in self.days)

    @property
    def differing(self) -> int:
        """Return on how many days the unit stated another count."""
        return sum(line.differs for line in self.days)

    @property
    def unstated(self) -> int:
        """Return for how many days the unit stated nothing."""
        return sum(line.stated is None for line in self.days)

    @property
    def changed(self) -> int:
        """Return on how many days the unit changed what it had stated."""
        return sum(bool(line.earlier) for line in self.days)

    @property
    def gaps(self) -> str:
        """Return the working days without a batch as long as deliveries are expected, in words."""
        return "、".join(_in_words(since, until) for since, until in self.missing.runs)

    @property
    def is_silent(self) -> bool:
        """True if the unit never delivered anything."""
        return not self.head

    @property
    def since(self) -> date:
        """Return the first day."""
        return min(line.day for line in self.days)

    @property
    def until(self) -> date:
        """Return the last day."""
        return max(line.day for line in self.days)


class UnitLines(NamedTuple):
    """The units, and in words up to which day their working days are counted."""

    units: Sequence[UnitLine]
    counted: str

    @property
    def differing(self) -> str:
        """Return in words what differs from the units' own counts; it stands before any agreement of the chains."""
        units, days = sum(line.differing > 0 for line in self.units), sum(line.differing for line in self.units)
        return f"{units}个单位共{days}天收到的件数与单位自报的件数不同，见下表。" if days else ""


def chain_verdict(at: datetime) -> Verdict:
    """Return whether all chains hold; another batch is another question (1 query while the answer is kept)."""
    newest, count = RecordBatch.objects.aggregate(newest=Max("pk"), count=Count("pk")).values()
    if newest is None:
        return unchecked(NOTHING)
    found = checked(f"records/{newest}/{count}", public_chain_faults, f"{AGREES}（共{count}批）。", at)
    return replace(found, about="累计校验值")


def unit_lines(at: datetime) -> UnitLines:
    """Return the units of the roster and all others with records or counts, by code (8 queries)."""
    links, stated = chains(), stated_counts()
    if not links and not stated:
        return UnitLines((), "")
    names = dict(Department.objects.order_by("code").values_list("code", "name"))
    rated, found = rated_units(), _Expected.read(at)
    lines = [
        _line(code, name, links.get(code, ()), stated.get(code, {}), found)
        for code, name in names.items()
        if code in links or code in stated or code in rated
    ]
    return UnitLines(lines, found.words)


def unit_line(unit: Department, at: datetime) -> UnitLines:
    """Return one unit with its days and the figures it changed (7 queries)."""
    stated = stated_counts(unit).get(unit.code, {})
    found = _Expected.read(at)
    return UnitLines([_line(unit.code, unit.name, chain_of(unit.code), stated, found)], found.words)


def chain_lines(unit: str) -> list[str]:
    """Return a unit's chain as CSV lines, from which anybody recomputes the heads."""
    rows = (
        (unit, link.seq, link.day.isoformat(), link.records, link.digest, link.head, int(link.is_correction))
        for link in chain_of(unit)
    )
    return [",".join(map(str, row)) + "\n" for row in (HEADINGS, *rows)]


@dataclass(frozen=True)
class _Expected:
    """Of which working days deliveries are expected, at most."""

    period: Period | None
    workdays: Sequence[date]
    words: str  # up to which day they are counted, and what is not sure about them

    @classmethod
    def read(cls, at: datetime) -> Self:
        """Read the period, the days delivered and the calendar (4 queries)."""
        today = timezone.localdate(at)
        period, delivered = period_watched(today), days_delivered()
        if delivered is None:
            return cls(period, (), "")
        first = min(delivered[0], period[0]) if period else delivered[0]
        last = last_expected(today, delivered[1], period)
        calendar = Holiday.objects.calendar()
        workdays = [day for day in days_between(first, last) if calendar.is_workday(day)]
        doubt = days_hint(first, last, declared_years())
        return cls(period, workdays, f"没有报送的工作日数到{in_chinese(last)}为止。{doubt}{'。' * bool(doubt)}")


def _line(code: str, name: str, links: Sequence[Link], stated: Mapping[date, Stated], expected: _Expected) -> UnitLine:
    by_day: dict[date, list[Link]] = {day: [] for day in stated}
    for link in links:
        by_day.setdefault(link.day, []).append(link)
    days = [
        DayLine(
            day,
            sum(link.added for link in by_day[day]),
            stated[day].records if day in stated else None,
            by_day[day],
            stated[day].earlier if day in stated else (),
        )
        for day in sorted(by_day, reverse=True)
    ]
    delivered = {link.day for link in links}
    gaps = gaps_of(delivered, first_expected(delivered, expected.period), expected.workdays)
    return UnitLine(code, name, days, gaps, links[-1].head if links else "")


def _in_words(since: date, until: date) -> str:
    if since == until:
        return in_chinese(since)
    return f"{in_chinese(since)}至{in_chinese(until).removeprefix(f'{since.year}年')}"
