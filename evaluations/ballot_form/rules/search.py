"""Finding sections by what people type; `static/js/ballot/sections.js` does the same in the browser.

A term is found in a text that contains it. Latin letters are found at a text's beginning only, where they may be the
initials of its pinyin (jsz: 驾驶证). All terms must be found. If no section has them all, a term also finds the words
that it contains itself (补办驾驶证: 驾驶证).
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import groupby

LEAST = 2  # characters of a word that a longer term may contain
# Character -> first letters of its readings.
Letters = Mapping[str, str]


class Place(IntEnum):
    """Where a term is found, best first."""

    NAME = 0
    WORD = 1
    UNIT = 2


@dataclass(frozen=True)
class Entry:
    """What a section is found by: its name, its matters and synonyms, its unit's name and other names."""

    name: str
    words: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()

    @property
    def texts(self) -> Iterator[tuple[Place, str]]:
        """All texts, the best place first."""
        yield Place.NAME, self.name
        yield from ((Place.WORD, word) for word in self.words)
        yield from ((Place.UNIT, word) for word in self.unit)


@dataclass(frozen=True)
class Query:
    """What was typed, as terms; `is_loose`: words that a term contains are found too."""

    terms: tuple[str, ...]
    letters: Letters
    is_loose: bool = False

    def finds(self, text: str, term: str) -> bool:
        """True if a term is found in a text."""
        key = search_key(text)
        if term.isascii():
            return key.startswith(term) or self._begin(key, term)
        return term in key or (self.is_loose and len(key) >= LEAST and not key.isascii() and key in term)

    def place(self, entry: Entry) -> Place | None:
        """Return the worst of the places where the terms are found, None if one of them is not."""
        worst = Place.NAME
        for term in self.terms:
            place = next((place for place, text in entry.texts if self.finds(text, term)), None)
            if place is None:
                return None
            worst = max(worst, place)
        return worst

    def unseen(self, shown: Iterable[str], words: Iterable[str]) -> list[str]:
        """Return the words by which terms are found that are not found in what is shown."""
        texts, all_words = list(shown), list(words)
        hidden = [term for term in self.terms if not any(self.finds(text, term) for text in texts)]
        found = (next((word for word in all_words if self.finds(word, term)), "") for term in hidden)
        return [word for word in dict.fromkeys(found) if word]

    def finds_one(self, texts: Iterable[str]) -> bool:
        """True if one of the texts has one of the terms."""
        return any(self.finds(text, term) for text in texts for term in self.terms)

    def _begin(self, key: str, initials: str) -> bool:
        return len(initials) <= len(key) and all(
            letter == character or letter in self.letters.get(character, "")
            for letter, character in zip(initials, key, strict=False)
        )


def search(entries: Sequence[Entry], typed: str, letters: Letters) -> tuple[Query, list[int]]:
    """Return the query that found something, and the numbers of the entries: the best first, else in their order."""
    for is_loose in (False, True):
        query = Query(terms_of(typed), letters, is_loose)
        places = [(query.place(entry), number) for number, entry in enumerate(entries)]
        found = sorted((place, number) for place, number in places if place is not None)
        if found:
            break
    return query, [number for _, number in found]


@lru_cache(maxsize=4096)
def search_key(text: str) -> str:
    """Return a text for comparing: half width, lower case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def terms_of(typed: str) -> tuple[str, ...]:
    """Return the terms of what was typed: they stand between blanks and commas."""
    separated = typed.replace("，", " ").replace("、", " ").replace(",", " ")
    return tuple(term for term in map(search_key, separated.split()) if term)


def letters_in_a_row(letters: Letters) -> str:
    """Return the letters as a page carries them: each letter followed by its characters."""
    pairs = sorted((letter, character) for character, all_letters in letters.items() for letter in all_letters)
    groups = groupby(pairs, key=lambda pair: pair[0])
    return "".join(letter + "".join(character for _, character in group) for letter, group in groups)
