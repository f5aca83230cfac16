"""Names written in the letters of pinyin: Chen Gang, Gang Chen, CHENGANG, Chén Gāng, Chen G."""

import unicodedata

from nanchuan_eval.names.rules.keys import DOT
from nanchuan_eval.names.rules.mistaken import Readings

LONGEST = 6  # letters of a syllable (zhuang)
_LETTERS_OF_PHONETICS = str.maketrans("ɑɡ", "ag")  # typed for a and g with tone marks
LEAST = 2  # letters of a name, shorter ones are an abbreviation of anything


def letters_of(key: str) -> str:
    """Return the letters of a key without tones, blanks and marks; nothing if it has any other letter."""
    plain = "".join(c for c in unicodedata.normalize("NFD", key.translate(_LETTERS_OF_PHONETICS)) if c.isalnum())
    return plain if plain.isascii() and plain.isalpha() and len(plain) >= LEAST else ""


def is_written_in(letters: str, name: str, readings: Readings, *, may_be_short: bool = False) -> bool:
    """True if letters are the sounds of a name, surname first or last; `may_be_short` = its parts or initials, too."""
    plain = "".join(c for c in name if c.isalnum())
    # Nothing to compare with sounds.
    if not plain or plain.isascii():
        return False
    orders = {plain[n:] + plain[:n] for n in range(len(plain))}
    if may_be_short:
        orders |= {part for part in name.split(DOT) if part} | {plain[:1], plain[:2]}
        # The given name or one character of it; its initials alone would be anybody's.
        given = {plain[1:], plain[2:], *plain} - {""}
        if any(_are_sounds(letters, part, readings, may_be_short=False) for part in given):
            return True
    return any(_are_sounds(letters, order, readings, may_be_short=may_be_short) for order in orders)


def _are_sounds(letters: str, characters: str, readings: Readings, *, may_be_short: bool) -> bool:
    """True if the letters can be divided into one syllable, or its first letter, for each character in turn."""
    ends = {0}
    for character in characters:
        sounds = {_typed(reading) for reading in readings(character)}
        initials = {sound[:1] for sound in sounds} if may_be_short else set()
        ends = {
            end
            for start in ends
            for end in range(start + 1, min(start + LONGEST, len(letters)) + 1)
            if letters[start:end] in initials or {_typed(each) for each in readings(letters[start:end])} & sounds
        }
    return len(letters) in ends


def _typed(reading: str) -> str:
    """Return a reading with ü as u, whichever way it was typed (lv, lyu, lu)."""
    return reading.replace("v", "u").replace("lyu", "lu").replace("nyu", "nu")
