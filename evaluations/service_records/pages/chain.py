"""What the public pages of the records (办件公开) show: by unit and by day, received and stated, and the chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from departments.models import Department
from evaluations.service_records.models import RecordBatch
from evaluations.service_records.queries.chain import chain_of, chains, record_chain_faults, stated_counts
from evaluations.service_records.rules.chain import Link
from evaluations.service_records.rules.frame import days_between, runs_of
from evaluations.verdicts.queries import Verdict, checked, unchecked
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import Calendar

HEADINGS = ("unit", "seq", "day", "records", "digest", "head")
AGREES = "各单位的累计校验值由逐批件数和校验值算出，全部一致；各批现有的办件数与收到时相同"
NOTHING = "还没有单位报送办件。"
NOT_STATED, SAME, OTHER = "未自报", "一致", "不一致"


@dataclass(frozen=True)
class DayLine:
    """A day of a unit: what was received in all batches, what the unit stated, and how the two compare."""

    day: date
    received: int
    stated: int | None
    batches: Sequence[Link]

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
    missing: Sequence[tuple[date, date]]  # runs of working days without a batch
    missing_days: int
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
    def gaps(self) -> str:
        """Return the working days without a batch between the first and the last one, in words."""
        return "、".join(_in_words(since, until) for since, until in self.missing)

    @property
    def since(self) -> date:
        """Return the first day."""
        return min(line.day for line in self.days)

    @property
    def until(self) -> date:
        """Return the last day."""
        return max(line.day for line in self.days)


def chain_verdict(at: datetime) -> Verdict:
    """Return whether all chains hold; another batch is another question (2 queries while the answer is kept)."""
    newest = RecordBatch.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return unchecked(NOTHING)
    count = RecordBatch.objects.count()
    return checked(f"records/{newest}/{count}", record_chain_faults, f"{AGREES}（共{count}批）。", at)


def unit_lines() -> list[UnitLine]:
    """Return all units with records or stated counts, in the order of the roster (4 queries)."""
    names = dict(Department.objects.order_by("code").values_list("code", "name"))
    links, stated, calendar = chains(), stated_counts(), Holiday.objects.calendar()
    return [
        _line(code, name, links.get(code, ()), stated.get(code, {}), calendar)
        for code, name in names.items()
        if code in links or code in stated
    ]


def unit_line(unit: Department) -> UnitLine:
    """Return one unit with its days (3 queries)."""
    stated = stated_counts(unit).get(unit.code, {})
    return _line(unit.code, unit.name, chain_of(unit.code), stated, Holiday.objects.calendar())


def chain_lines(unit: str) -> list[str]:
    """Return a unit's chain as CSV lines, from which anybody recomputes the heads."""
    rows = ((unit, link.seq, link.day.isoformat(), link.records, link.digest, link.head) for link in chain_of(unit))
    return [",".join(map(str, row)) + "\n" for row in (HEADINGS, *rows)]


def _line(code: str, name: str, links: Sequence[Link], stated: Mapping[date, int], calendar: Calendar) -> UnitLine:
    by_day: dict[date, list[Link]] = {day: [] for day in stated}
    for link in links:
        by_day.setdefault(link.day, []).append(link)
    days = [
        DayLine(day, sum(link.records for link in by_day[day]), stated.get(day), by_day[day])
        for day in sorted(by_day, reverse=True)
    ]
    delivered = {link.day for link in links}
    span = days_between(min(delivered), max(delivered)) if delivered else []
    workdays = {day for day in span if calendar.is_workday(day)}
    missing = workdays - delivered
    runs = runs_of(missing, workdays | delivered)
    return UnitLine(code, name, days, runs, len(missing), links[-1].head if links else "")


def _in_words(since: date, until: date) -> str:
    first = f"{since.year}年{since.month}月{since.day}日"
    return first if since == until else f"{first}至{until.month}月{until.day}日"
