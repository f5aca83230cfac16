"""The frame (抽样框): who had something done with a section in a half-year, and who of them can be drawn."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from evaluations.pools.rules.kinds import ExclusionReason

# A rulebook frozen before there were service records knows no size of the smallest batch.
BATCH_MIN = 20
LEAST_COMPARED = 20  # records of the fuller half-year; a change of fewer is chance
PRELIST_MOST = 14


class FrameSection(NamedTuple):
    """A section whose clients are counted: its row in the roster, its code and its name in the round."""

    pk: int
    code: str
    name: str


class FrameLine(NamedTuple):
    """One chance: a person who dealt with a section, however often; a tuple, because there may be half a million."""

    code: str
    section: str
    client: int
    name: str
    phone: str
    exclusion: str


def batch_min(rulebook: Mapping[str, Any]) -> int:
    """Return how many people a section needs, so that a ballot bound to it says nothing about who cast it."""
    return int(rulebook.get("client_batch_min", BATCH_MIN))


def prelist_most(rulebook: Mapping[str, Any]) -> int:
    """Return how many sections an evaluator's letter lists at most."""
    return int(rulebook.get("prelist_most", PRELIST_MOST))


def listed_first(codes: Collection[str], clients: Mapping[str, int], most: int) -> list[str]:
    """Return the sections of the fewest clients, which can be expected to have the fewest lines."""
    return sorted(codes, key=lambda code: (clients.get(code, 0), code))[:most]


def exclusion_of(exclusion: str, phone_hash: str) -> str:
    """Return why a client cannot be drawn: the record's reason, or that nothing can be sent to them; else ""."""
    return exclusion or ("" if phone_hash else ExclusionReason.INELIGIBLE.value)


class Counts(NamedTuple):
    """What the records of a section in a period amount to; those whose names have left count as records only."""

    records: int = 0
    named: int = 0  # records with a person
    eligible: int = 0
    without_phone: int = 0  # of those who are not excluded, so that eligible, excluded and these are all people
    excluded: int = 0
    sharing: int = 0
    workdays: int = 0  # working days with a record

    @property
    def people(self) -> int:
        """The people of the records; without a phone, the same name and firm are one."""
        return self.eligible + self.without_phone + self.excluded

    @property
    def repeated(self) -> int:
        """Records beyond the first of a person with the section: they are no further chance."""
        return self.named - self.people

    @property
    def has_names(self) -> bool:
        """True unless there are records and all their names have left."""
        return bool(self.people) or not self.records


@dataclass(frozen=True)
class FrameRow:
    """One section: its figures in the period and in the half-year before, the working days so far."""

    section: FrameSection
    now: Counts
    before: Counts
    workdays: int
    least: int
    # People of the section in the committed draw; None before there is one, when the figures of today decide.
    in_draw: int | None = None

    @property
    def percent_without_phone(self) -> Decimal | None:
        """Share of the people who cannot be told that they were drawn."""
        people = self.now.people
        return (Decimal(100) * self.now.without_phone / people).quantize(Decimal("0.1")) if people else None

    @property
    def empty_days(self) -> int:
        """Working days so far without a record of the section."""
        return self.workdays - self.now.workdays

    @property
    def change(self) -> str:
        """The records against those of the half-year before, in words; nothing to compare with is said."""
        if not self.before.records:
            return "上期无办件"
        percent = round(Decimal(100) * (self.now.records - self.before.records) / self.before.records)
        return f"{percent:+d}%" if percent else "持平"

    @property
    def is_large_change(self) -> bool:
        """True if the records at least doubled or halved, where that is more than chance."""
        more, fewer = max(self.now.records, self.before.records), min(self.now.records, self.before.records)
        return more >= LEAST_COMPARED and more >= 2 * fewer and self.before.records > 0

    @property
    def is_drawn(self) -> bool:
        """True if people are drawn for this section: as committed, before that by the figures."""
        return self.now.eligible >= self.least if self.in_draw is None else self.in_draw > 0

    @property
    def is_unknown(self) -> bool:
        """True if the names have left and no draw tells whether people were drawn for this section."""
        return self.in_draw is None and not self.now.has_names

    @property
    def why_left_out(self) -> str:
        """Why nobody is drawn for this section; else nothing."""
        if self.is_drawn or self.is_unknown:
            return ""
        return f"{'' if self.in_draw is None else '承诺时'}可抽取的人不足{self.least}人"


def period_before(start: date, end: date) -> tuple[date, date]:
    """Return the period before, as long: as many months before whole months, else as many days."""
    last = start - timedelta(days=1)
    if start.day == 1 and (end + timedelta(days=1)).day == 1:
        months = start.year * 12 + start.month - 1 - ((end.year - start.year) * 12 + end.month - start.month + 1)
        return date(months // 12, months % 12 + 1, 1), last
    return start - (end - start) - timedelta(days=1), last


def days_between(start: date, end: date) -> Iterator[date]:
    """Yield the days of a period, both ends included."""
    yield from (start + timedelta(days=n) for n in range((end - start).days + 1))


def runs_of(days: Collection[date], among: Collection[date]) -> list[tuple[date, date]]:
    """Return days as runs from the first to the last; what is not `among` the days (a weekend) does not end a run."""
    found = groupby(sorted(among), key=lambda day: day in days)
    runs = (list(run) for is_one, run in found if is_one)
    return [(run[0], run[-1]) for run in runs]
