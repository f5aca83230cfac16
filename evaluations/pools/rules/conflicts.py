"""Recusal before the draw (回避): staff of rated units, near relatives of staff, liaisons; doubtful units are asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evaluations.pools.rules.people import Person, PoolRules, Written, first_lines
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.names.rules.keys import is_same_name, name_key
from nanchuan_eval.names.rules.units import Recognised, Unit

YES, NO = "yes", "no"
CHOICES = ((YES, "是（列为回避）"), (NO, "不是"))
BETWEEN_UNITS = re.compile(r"[,，、;；/|]+")
UNITS_NAMED = 3
# Notes that a list gives; any other note was written by a person of the office.
NOTE_OF_LIST = re.compile(r"所在单位“.*”(?:是|属于)评议对象|近亲属在.*评议对象“.*工作|与评议对象“.*”的单位联络员同名")


@dataclass
class _Asked:
    """A written unit that may be one of the roster, and whom it concerns."""

    text: str
    possible: tuple[Unit, ...]
    detail: list[str] = field(default_factory=list)
    people: set[tuple[str, str]] = field(default_factory=set)

    @property
    def question(self) -> str:
        """What is asked."""
        return f"单位“{self.text}”是不是评议对象{_named(self.possible)}的？"


class Recusals:
    """Judges people one by one and collects a question for each written unit that is not certain.

    Which questions there are does not depend on the answers.
    """

    def __init__(self, rules: PoolRules, answers: Mapping[str, str]) -> None:
        self._rules, self._answers = rules, answers
        self._asked: dict[str, _Asked] = {}
        self._liaisons: dict[str, list[str]] = {}
        for name, unit in rules.liaisons:
            self._liaisons.setdefault(name_key(name), []).append(unit)

    @property
    def questions(self) -> list[Question]:
        """One question for each written unit that may be a rated one."""
        return [
            Question(
                key,
                asked.question,
                CHOICES,
                detail=first_lines(asked.detail),
            )
            for key, asked in self._asked.items()
        ]

    @property
    def doubts(self) -> list[tuple[str, int]]:
        """Each question with how many people it concerns."""
        return [(asked.question, len(asked.people)) for asked in self._asked.values()]

    def note(self, person: Person) -> str:
        """Return why the person is excluded before the draw, or ""."""
        sure = next(self._certain(person), "")
        return sure or next(iter(list(self._answered(person))), "")

    def _certain(self, person: Person) -> Iterator[str]:
        for unit in self._liaisons.get(person.key, ()):
            if not person.units or any(self._is_one(written, unit) for written in person.units):
                yield f"与评议对象“{unit}”的单位联络员同名" + ("" if person.units else "，名单未填单位")
        for written in person.units:
            if found := self._recognised(written).sure:
                yield f"所在单位“{written}”是评议对象" + (
                    "" if is_same_name(written, found.name) else f"“{found.name}”"
                )
        for written in self._declared(person):
            if found := self._recognised(written).sure:
                as_written = "" if is_same_name(written, found.name) else f"“{written}”即"
                yield f"近亲属在{as_written}评议对象“{found.name}”工作"

    def _answered(self, person: Person) -> Iterator[str]:
        """Yield the reasons that answers give; every doubtful unit is asked about, also after the first reason."""
        for written in person.units:
            if possible := self._asked_about(written, person, "本人"):
                yield f"所在单位“{written}”属于评议对象{_named(possible)}（经核对）"
        for written in self._declared(person):
            if possible := self._asked_about(written, person, "近亲属"):
                yield f"近亲属在“{written}”工作，属于评议对象{_named(possible)}的工作单位（经核对）"

    def _asked_about(self, written: str, person: Person, who: str) -> tuple[Unit, ...]:
        """Ask about a doubtful unit; return the units that it may be if the answer is yes."""
        possible = self._recognised(written).possible
        if not possible:
            return ()
        codes = " ".join(unit.code for unit in possible)
        key = f"unit-{sha256_hex(f'{name_key(written)}/{codes}'.encode())[:8]}"
        asked = self._asked.setdefault(key, _Asked(written, possible))
        asked.people.add((person.key, person.phone))
        liaison = "，与单位联络员同名" if self._liaisons.get(person.key) else ""
        asked.detail.append(f"{person.where}：{person.name} {self._rules.masked(person.phone)}（{who}的单位{liaison}）")
        return possible if self._answers.get(key) == YES else ()

    def _declared(self, person: Person) -> list[str]:
        """Return the units of near relatives; a blank separates units only where the parts are units."""
        parts = [part.strip() for row in person.rows for part in BETWEEN_UNITS.split(row.relatives)]
        found: dict[str, None] = {}
        for part in filter(None, parts):
            pieces = part.split()
            known = [piece for piece in pieces if self._recognised(piece).all]
            found |= dict.fromkeys([part] if self._recognised(part).sure or not known else pieces)
        return list(found)

    def _recognised(self, written: str) -> Recognised:
        return self._rules.units.recognise(written)

    def _is_one(self, written: str, unit: str) -> bool:
        sure = self._recognised(written).sure
        return is_same_name(written, unit) or (sure is not None and sure == self._recognised(unit).sure)


def conflict_of(name: str, unit: str, rules: PoolRules) -> str:
    """Return why a person of this name and unit should be excluded, or what should be checked about them, or ""."""
    recusals = Recusals(rules, {})
    note = recusals.note(Person((Written("", "", name, "", unit),)))
    return note or next((question.text for question in recusals.questions), "")


def is_note_of_list(note: str) -> bool:
    """True if an exclusion with this note came from a list, which a corrected list may take back."""
    return NOTE_OF_LIST.match(note) is not None


def _named(units: Sequence[Unit]) -> str:
    names = "或".join(f"“{unit.name}”" for unit in units[:UNITS_NAMED])
    return names + (f"等{len(units)}个单位之一" if len(units) > UNITS_NAMED else "")
