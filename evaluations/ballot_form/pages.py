"""The list of sections (选科室) with everything a section is found by, whole or as a search leaves it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from evaluations.ballot_form.queries import ballot_form_by_digest, topics_by_version
from evaluations.ballot_form.rules.form import FormSection
from evaluations.ballot_form.rules.search import Entry, letters_in_a_row, search
from evaluations.ballot_form.rules.topics import ServiceTopics, parts_of, topics_of, topics_of_unit
from nanchuan_eval.core.pinyin import initials


@dataclass(frozen=True)
class ListedSection:
    """A section to choose: `matters` = its topics as shown, `words` = what else people call them."""

    section: FormSection
    matters: str
    words: tuple[str, ...]
    # The words by which a search has found it, if they are not shown anyway.
    matched: str = ""


@dataclass(frozen=True)
class ListedUnit:
    """A department with its sections; `words` = what else people call it."""

    name: str
    code: str
    words: tuple[str, ...]
    rows: tuple[ListedSection, ...]


@dataclass(frozen=True)
class Note:
    """What is said about a matter of an office that is not rated."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class SectionList:
    """The departments in the order of the form, or the best found first; `chosen` = ticked ones not found."""

    units: tuple[ListedUnit, ...]
    notes: tuple[Note, ...]
    # First letters of characters that a browser, which sorts them by their usual reading, would not know (会计: k).
    letters: str = ""
    chosen: tuple[ListedSection, ...] = ()

    @property
    def count(self) -> int:
        """Number of sections shown, apart from those that are ticked only."""
        return sum(len(unit.rows) for unit in self.units)


@lru_cache(maxsize=8)
def whole_list(digest: str, version: str) -> SectionList:
    """Return all sections of a form with the service topics of a version."""
    sections, topics = ballot_form_by_digest(digest).sections, topics_by_version(version)
    units = tuple(
        _unit(name, list(of_unit), topics)
        for name, of_unit in groupby(sections, key=lambda section: section.department)
    )
    notes = tuple(
        Note(topic.note, (*parts_of(topic.text), *topic.synonyms))
        for topic in topics
        if topic.note and not any(topic.leads_to(section.name, section.department) for section in sections)
    )
    letters = _letters(_texts(units, notes))
    unusual = {character: found for character, found in letters.items() if [found] != initials(character)}
    return SectionList(units, notes, letters_in_a_row(unusual))


def found_list(whole: SectionList, typed: str, chosen: Sequence[str]) -> SectionList:
    """Return the sections that are found, the best first, beside those that are ticked."""
    rows = [(unit, row) for unit in whole.units for row in unit.rows]
    letters = _letters(_texts(whole.units, whole.notes))
    query, numbers = search([_entry(unit, row) for unit, row in rows], typed, letters)
    by_unit: dict[ListedUnit, list[ListedSection]] = {}
    for number in numbers:
        of, row = rows[number]
        unseen = query.unseen((row.section.name, row.matters, of.name), (*row.words, *of.words))
        by_unit.setdefault(of, []).append(replace(row, matched="、".join(unseen)))
    shown = {rows[number][1].section.code for number in numbers}
    return SectionList(
        tuple(replace(unit, rows=tuple(kept)) for unit, kept in by_unit.items()),
        tuple(note for note in whole.notes if query.finds_one(note.words)),
        chosen=tuple(row for _, row in rows if row.section.code in chosen and row.section.code not in shown),
    )


def _unit(name: str, sections: Sequence[FormSection], topics: ServiceTopics) -> ListedUnit:
    said = [word for topic in topics_of_unit(name, topics) for word in (*parts_of(topic.text), *topic.synonyms)]
    rows = tuple(_row(section, topics) for section in sections)
    return ListedUnit(name, sections[0].department_code, _other(said, [name]), rows)


def _row(section: FormSection, topics: ServiceTopics) -> ListedSection:
    own = topics_of(section.name, section.department, topics)
    matters = "；".join(topic.text for topic in own)
    said = [word for topic in own for word in topic.synonyms]
    return ListedSection(section, matters, _other(said, [section.name, *parts_of(matters)]))


def _other(words: Iterable[str], shown: Sequence[str]) -> tuple[str, ...]:
    """Return the words, each once, without those that are shown anyway."""
    return tuple(word for word in dict.fromkeys(words) if word not in shown)


def _entry(unit: ListedUnit, row: ListedSection) -> Entry:
    return Entry(row.section.name, (*parts_of(row.matters), *row.words), (unit.name, *unit.words))


def _texts(units: Iterable[ListedUnit], notes: Iterable[Note]) -> frozenset[str]:
    entries = [_entry(unit, row) for unit in units for row in unit.rows]
    return frozenset(text for entry in entries for _, text in entry.texts) | {w for note in notes for w in note.words}


def everyday_words(whole: SectionList) -> dict[str, object]:
    """Return what sections, units and notes are found by beside what a page shows; `sections.js` reads it."""
    return {
        "letters": whole.letters,
        "sections": {row.section.code: row.words for unit in whole.units for row in unit.rows if row.words},
        "units": {unit.code: unit.words for unit in whole.units if unit.words},
        "notes": [(note.text, note.words) for note in whole.notes],
    }


@lru_cache(maxsize=8)
def _letters(texts: frozenset[str]) -> dict[str, str]:
    """Return the first letter of each character's readings in the texts (会: h, in 会计 k)."""
    letters: dict[str, str] = {}
    for text in sorted(texts):
        for character, letter in zip(text, initials(text), strict=True):
            if not character.isascii() and letter not in letters.setdefault(character, ""):
                letters[character] += letter
    return {character: found for character, found in letters.items() if found}
