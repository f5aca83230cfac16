"""Invented service records (办件) of two half-years, determined by the seed (pure).

Sections differ widely in how many people deal with them: a few have fewer than twenty clients, a third fewer than a
hundred. Some people come again, some deal with several sections, agents of a firm share its phone, a few records have
no phone, and a few clients are staff of rated units.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import exp
from random import Random
from statistics import NormalDist
from typing import NamedTuple

from evaluations.service_records.rules.kinds import ClientKind

HEADER = ("办件编号", "单位", "科室", "事项", "办结日期", "姓名", "手机号", "类别", "工作单位")
TOPICS = ("新办", "变更", "注销", "补办", "年审", "备案", "咨询转办理")
# Of the logarithm of a section's clients; the smallest sections are smaller still.
SPREAD = 0.9
TINY, TINY_WEIGHT = 3, 0.04
# Shares of the records.
EARLIER, AGAIN, ELSEWHERE, EVALUATORS, FIRMS = 0.45, 0.12, 0.15, 0.15, 0.2
NO_PHONE, STAFF = 0.04, 0.003
# A firm has this many agents with the same phone.
AGENTS = 3
FIRST_PHONE, FIRST_FIRM = 13911000000, 13921000000
# How many of the last people of a section may come again.
RECENT = 40
SATURDAY = 5


class Rated(NamedTuple):
    """A section as the hall's file names it."""

    code: str
    name: str
    unit: str


class Person(NamedTuple):
    """Somebody who has something done; of a firm its agent."""

    name: str
    phone: str
    kind: ClientKind
    unit: str


Record = dict[str, str]
Period = tuple[date, date]


@dataclass
class Records:
    """The records of a half-year and of the one before it; `known` are people of other lists, who come too."""

    sections: Sequence[Rated]
    period: Period
    before: Period
    seed: int
    known: Sequence[tuple[str, str]] = ()
    _rng: Random = field(init=False)
    _people: int = field(init=False, default=0)

    def rows(self, count: int) -> Iterator[Record]:
        """Yield so many records by day, the earlier half-year first; the same for the same seed."""
        self._rng = Random(f"records/{self.seed}")  # noqa: S311  a simulation, not a draw
        weights = self._weights()
        earlier = round(count * EARLIER)
        yield from self._half(earlier, self.before, weights)
        yield from self._half(count - earlier, self.period, weights)

    def _weights(self) -> list[float]:
        """Return how frequented each section is: evenly spaced quantiles, and a few that hardly anybody needs."""
        size = len(self.sections)
        quantile = NormalDist(0, SPREAD).inv_cdf
        weights = [exp(quantile((place + 0.5) / size)) for place in range(size)]
        tiny = min(TINY, size // 10)
        weights[:tiny] = [TINY_WEIGHT] * tiny
        self._rng.shuffle(weights)
        return weights

    def _half(self, count: int, period: Period, weights: Sequence[float]) -> Iterator[Record]:
        rng, days = self._rng, _days(period)
        recent: dict[str, list[Person]] = {section.code: [] for section in self.sections}
        everybody: list[Person] = []
        reach = list(accumulate(weights))
        for number, day in enumerate(sorted(rng.choices(days, k=count)), start=1):
            section = rng.choices(self.sections, cum_weights=reach)[0]
            person = self._person(recent[section.code], everybody)
            recent[section.code] = [*recent[section.code][1 - RECENT :], person]
            # A later demonstration tells the half-year before its own once more, with other records.
            name = f"{self.period[0]:%Y%m}-{period[0]:%Y%m}-{number:06d}"
            yield _record(name, section, day, person, rng.choice(TOPICS))

    def _person(self, recent: Sequence[Person], everybody: list[Person]) -> Person:
        """Return who comes: somebody again, somebody known elsewhere, or somebody new."""
        rng, chance = self._rng, self._rng.random()
        if recent and chance < AGAIN:
            return rng.choice(recent)
        if everybody and chance < AGAIN + ELSEWHERE:
            return rng.choice(everybody)
        if self.known and chance < AGAIN + ELSEWHERE + EVALUATORS:
            name, phone = rng.choice(self.known)
            return Person(name, phone, ClientKind.PERSON, "")
        person = self._new()
        everybody.append(person)
        return person

    def _new(self) -> Person:
        self._people += 1
        number, chance = self._people, self._rng.random()
        name = f"演示群众{number:05d}"
        if chance < STAFF:
            return Person(name, str(FIRST_PHONE + number), ClientKind.PERSON, self._rng.choice(self.sections).unit)
        if chance < STAFF + NO_PHONE:
            return Person(name, "", ClientKind.PERSON, "")
        if chance < STAFF + NO_PHONE + FIRMS:
            firm = number // AGENTS
            return Person(name, str(FIRST_FIRM + firm), ClientKind.FIRM, f"演示企业{firm:05d}")
        return Person(name, str(FIRST_PHONE + number), ClientKind.PERSON, "")


def _days(period: Period) -> list[date]:
    """Return the days from Monday to Friday."""
    first, last = period
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < SATURDAY]


def _record(number: str, section: Rated, day: date, person: Person, topic: str) -> Record:
    cells = (number, section.unit, section.name, topic, day.isoformat(), person.name, person.phone)
    return dict(zip(HEADER, (*cells, ClientKind(person.kind).label, person.unit), strict=True))
