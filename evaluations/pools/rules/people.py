"""The people of a pool: the rows of a list that mean them, and the reference data by which a list is judged."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.units import UnitNames

MOST_LINES = 100


@dataclass(frozen=True)
class PoolRules:
    """Reference data of a list: sections, units and strata, liaisons as (name, unit), how a phone is shown to staff."""

    section_codes: frozenset[str]
    units: UnitNames = field(default_factory=lambda: UnitNames(()))
    strata: tuple[str, ...] = ()
    liaisons: tuple[tuple[str, str], ...] = ()
    masked: Callable[[str], str] = lambda phone: f"****{phone[-4:]}"


@dataclass(frozen=True)
class Written:
    """What one row says about a person; `relatives` = the declared units of near relatives as typed."""

    where: str
    stratum: str
    name: str
    phone: str
    unit: str = ""
    codes: tuple[str, ...] = ()
    relatives: str = ""


@dataclass(frozen=True)
class Person:
    """One person: all rows that mean them, of which the first says how they are spelled and reached."""

    rows: tuple[Written, ...]
    exclusion: str = ""
    exclusion_note: str = ""

    @property
    def where(self) -> str:
        """Place of the first row."""
        return self.rows[0].where

    @property
    def stratum(self) -> str:
        """身份类别, the same in all rows."""
        return self.rows[0].stratum

    @property
    def name(self) -> str:
        """The name in its first spelling."""
        return self.rows[0].name

    @property
    def key(self) -> str:
        """Key of the name, for comparing."""
        return name_key(self.name)

    @property
    def phone(self) -> str:
        """The phone of the first row."""
        return self.rows[0].phone

    @property
    def unit(self) -> str:
        """The first unit that is written."""
        return next((row.unit for row in self.rows if row.unit), "")

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit that is written, each spelling once."""
        return tuple(dict.fromkeys(row.unit for row in self.rows if row.unit))

    @property
    def dealt_with(self) -> str:
        """Codes of the sections the person has dealt with, of all rows."""
        return " ".join(dict.fromkeys(code for row in self.rows for code in row.codes))

    def excluded(self, reason: str, note: str) -> "Person":
        """Return the person with this exclusion."""
        return replace(self, exclusion=reason, exclusion_note=note)


def joined(people: Iterable[Person]) -> Person:
    """Return several people as the one person that they are; whatever excludes one of them excludes the person."""
    members = list(people)
    rows = tuple(row for member in members for row in member.rows)
    reason = next((member for member in members if member.exclusion), members[0])
    return Person(rows, reason.exclusion, reason.exclusion_note)


def first_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines of a question, of very many the first and how many more there are."""
    every = tuple(lines)
    more = len(every) - MOST_LINES
    return every if more <= 1 else (*every[:MOST_LINES], f"另有{more}行。")


def described(person: Person, rules: PoolRules) -> Iterator[str]:
    """Yield a line for each row of a person, for a question: place, name, unit, masked phone."""
    for row in person.rows:
        yield f"{row.where}：{row.name} {row.unit or '（未填单位）'} {rules.masked(row.phone)} {row.stratum}"
