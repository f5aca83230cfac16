"""Pinyin of Chinese texts: initials to search by, and the order of names."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pypinyin import Style, lazy_pinyin

_PARTS = re.compile(r"\d+|\D+")


def initials(text: str) -> list[str]:
    """Return the first letter of each character's pinyin; of a sign without any, nothing."""
    # pypinyin takes a list of what it cannot read, too.
    found = lazy_pinyin(text, style=Style.FIRST_LETTER, errors=_unread)  # type: ignore[arg-type]
    return [letter.lower() for letter in found]


def spelled(text: str) -> str:
    """Return the text's pinyin without blanks and tones."""
    return "".join(lazy_pinyin(text))


@lru_cache(maxsize=8192)
def text_key(text: str) -> Any:
    """Return what texts are sorted by: their sounds, as in a dictionary; figures within them by number."""
    sounds: list[tuple[int, int, str]] = []
    for part in _PARTS.findall(unicodedata.normalize("NFKC", text).lower()):
        if part.isdecimal():
            sounds.append((0, int(part), ""))
        else:
            # Tones as figures behind the letters: ā before á.
            read = lazy_pinyin(part, style=Style.TONE3, neutral_tone_with_five=True)
            sounds += [(1, 0, sound) for sound in read]
    return sounds, text


def finds(texts: Sequence[str], term: str) -> bool:
    """True if one of the texts has the term, or its initials (jsz: 驾驶证) if the term is of Latin letters."""
    wanted = unicodedata.normalize("NFKC", term).lower()
    is_latin = wanted.isascii() and wanted.isalpha()
    return any(wanted in _plain(text) or (is_latin and wanted in _letters(text)) for text in texts)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


@lru_cache(maxsize=8192)
def _letters(text: str) -> str:
    return "".join(initials(text))


def _unread(signs: str) -> list[str]:
    return ["" for _ in signs]
