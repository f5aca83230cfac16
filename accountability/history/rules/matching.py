"""Which section of the roster an earlier list means: surely one, possibly some, or none."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.units import Recognised, UnitNames

SHORTEST = 2  # characters of a section's name that may stand for a longer one
MOST_POSSIBLE = 60
# What kind of section it is says little about which one it is.
_KIND = re.compile(r"(?:科室|[支大中分]队|中心|窗口|[科股室处队所站部组办])$")


@dataclass(frozen=True)
class Known:
    """A section under one of its names: the present one, or one that it bore until a day; `since`, if that is known."""

    section: int
    code: str
    department: str
    name: str
    until: date | None = None
    since: date | None = None
    now: str = ""  # unit and name of today

    @property
    def title(self) -> str:
        """The name with the unit's."""
        return f"{self.department}{self.name}"

    @property
    def label(self) -> str:
        """Code and name, for a choice."""
        return f"{self.code} {self.title}" + (f"（{self.until:%Y年%-m月%-d日}以前的名称）" if self.until else "")


@dataclass(frozen=True)
class Match:
    """The section that is meant for certain, or those that may be meant; nothing if there is none.

    `is_near` = the possible ones have a name like that of the list, or it is not certain which unit is meant.
    """

    sure: Known | None = None
    possible: tuple[Known, ...] = ()
    is_near: bool = False


class Sections:
    """All sections by present and former names; compared by key, their units by all names."""

    def __init__(self, known: Iterable[Known], units: UnitNames) -> None:
        self._units = units
        self._known = [(each, name_key(each.name), units.recognise(each.department)) for each in known]

    def match(self, department: str, section: str, on: date) -> Match:
        """Return which section a list meant that was made for a period from `on`."""
        unit, key = self._units.recognise(department), name_key(section)
        keys = {key, *_without_unit(key, [department, *_names(unit)])}
        exact = [
            known
            for known, name, its_unit in self._known
            if name in keys and _is_same(known.department, its_unit, department, unit)
        ]
        if len({known.section for known in exact}) == 1 and any(_bore_it(known, on) for known in exact):
            return Match(sure=exact[0])
        of_unit = [
            (known, name)
            for known, name, its_unit in self._known
            if _may_be(its_unit, unit) or _is_same(known.department, its_unit, department, unit)
        ]
        near = [*exact, *(known for known, name in of_unit if _is_near(name, keys))]
        others = [known for known, _ in of_unit if known.until is None] or [known for known, _ in of_unit]
        possible = tuple(_each_once(near or others))[:MOST_POSSIBLE]
        return Match(possible=possible, is_near=bool(near) or (bool(possible) and unit.sure is None))


def _names(unit: Recognised) -> list[str]:
    return [name for one in unit.all for name in (one.name, *one.other_names)]


def _without_unit(key: str, units: Iterable[str]) -> Iterator[str]:
    """Yield what is left of a section's name that repeats its unit's (公安局户政科)."""
    for unit in map(name_key, units):
        if unit and key.startswith(unit) and key != unit:
            yield key.removeprefix(unit)


def _is_same(one: str, its_unit: Recognised, other: str, unit: Recognised) -> bool:
    """True if both name one unit: by the key, or surely the same of the roster."""
    if its_unit.sure and unit.sure:
        return its_unit.sure == unit.sure
    return name_key(one) == name_key(other)


def _may_be(one: Recognised, other: Recognised) -> bool:
    return any(unit in other.all for unit in one.all)


def _is_near(name: str, keys: Iterable[str]) -> bool:
    return any(name == key or _are_alike(name, key) for key in keys)


def _are_alike(one: str, other: str) -> bool:
    """True if one name contains the other or may be short for it, or what tells them apart is a slip or common.

    治安支队: 治安管理支队; 户政股: 户政科; 户证科: 户政科; 行政审批科: 行政许可科.
    """
    if min(len(one), len(other)) < SHORTEST:
        return False
    first, second = _KIND.sub("", one) or one, _KIND.sub("", other) or other
    return (
        _is_within(one, other)
        or (min(len(first), len(second)) >= SHORTEST and _is_within(first, second))
        or bool(set(pairwise(first)) & set(pairwise(second)))
        or (len(first) == len(second) and sum(a != b for a, b in zip(first, second, strict=True)) == 1)
    )


def _is_within(one: str, other: str) -> bool:
    """True if the characters of the shorter text stand in the longer one, in their order."""
    short, rest = sorted((one, other), key=len)
    characters = iter(rest)
    return all(character in characters for character in short)


def _bore_it(known: Known, on: date) -> bool:
    """True if the section bore the name in the list's period, as far as is known."""
    return (known.until is None or known.until > on) and (known.since is None or known.since <= on)


def _each_once(known: Sequence[Known]) -> Iterator[Known]:
    seen: set[int] = set()
    for each in known:
        if each.section not in seen:
            seen.add(each.section)
            yield each
