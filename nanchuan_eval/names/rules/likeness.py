"""Names that may be one person's though their keys differ: a slip, a character of the same sound, a part."""

import re
import sys
from functools import lru_cache

from nanchuan_eval.names.rules.incomplete import is_post, may_stand_for, without_post
from nanchuan_eval.names.rules.keys import DOT, name_key
from nanchuan_eval.names.rules.mistaken import ILLEGIBLE, Readings, are_mistaken
from nanchuan_eval.names.rules.pinyin import is_written_in, letters_of

LEAST_ALIKE = 2  # characters that two names share at least
MOST_COMPONENTS = 3  # characters that are written for one (张方方土 for 张堃)
LONG_NAME = 4  # characters from which one other character is a slip in any unit
_OPEN, _CLOSED = r"(\[{<【〔〈《「", r")\]}>】〕〉》」"
_REMARK = re.compile(f"[{_OPEN}].*?(?:[{_CLOSED}]|$)")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Marks, pinyin and descriptions (⿰金宏) that stand for a character which could not be typed (张？, 张hong).
_LATIN = "a-z\u00e0-\u00f6\u00f8-\u02af\u0300-\u036f\u1e00-\u1eff"  # with tone marks
_NOT_WRITTEN = re.compile(
    rf"[⿰-⿻]..|[?*×□■〓○〇_\ufffd\ue000-\uf8ff]|(?<=[{_HAN}])[{_LATIN}]+|[{_LATIN}]+(?=[{_HAN}])"
)
# What other systems export for a character that they cannot write: 张U+2CB4E, 张&#183118;, 张&#x2CB4E;, 张\uD872\uDF4E.
_ESCAPE = re.compile(r"(?:u\+|[\\%]u\{?|&#x)0*([0-9a-f]{4,6})[;}]?|&#0*([0-9]{2,7});?")
_LAST_DOT = re.compile(rf"(?<=[{_HAN}])[.。]+$")
_NUMBER = re.compile(r"[0-9*#]+[.、]?")
_WORD = re.compile("[a-z]+")
_CODE = re.compile(r"[0-9]{3,}")
_FORMER = (
    "曾用名|曾用|原姓名|原名|别名|又名|化名|本名|现名|旧名|曾名|艺名|小名|乳名|更名为?|改名为?|又叫|也叫|应为|疑为"
)
_BETWEEN_NAMES = re.compile(rf"[、,;:/|{_OPEN}{_CLOSED}]|{_FORMER}|(?<=[{_OPEN}])[原曾即现]")


def are_near(one: str, other: str, readings: Readings, *, in_one_unit: bool = False) -> bool:
    """True if different names may be one person's; people of one unit are taken for one more readily."""
    first, second = name_key(one), name_key(other)
    if not first or not second or first == second:
        return False
    first, second = _unescaped(first), _unescaped(second)
    if first == second:
        return True
    if _have_other_codes(first, second):
        return False
    return any(_are_alike(a, b, readings, in_one_unit) for a in _spellings(first) for b in _spellings(second))


def _unescaped(key: str) -> str:
    """Return a key with the characters that escapes stand for (U+2CB4E); a point that is none as U+FFFD."""
    if not _ESCAPE.search(key):
        return key
    text = _ESCAPE.sub(_character, key)
    # A pair of surrogates becomes one character.
    text = name_key(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return text or ILLEGIBLE


def _character(escape: re.Match[str]) -> str:
    point = int(escape[1], 16) if escape[1] else int(escape[2])
    return chr(point) if point <= sys.maxunicode else "\ufffd"


def _have_other_codes(first: str, second: str) -> bool:
    """True if both names are told apart by long numbers (演示科长0101, 演示科长0102)."""
    codes, others = set(_CODE.findall(first)), set(_CODE.findall(second))
    return bool(codes and others and codes != others)


def _are_alike(first: str, second: str, readings: Readings, in_one_unit: bool) -> bool:
    if _is_part(first, second) or _is_within(first, second) or _are_letters(first, second, readings, in_one_unit):
        return True
    first, second = _plain(first), _plain(second)
    if not first or not second:
        return False
    if first == second or are_mistaken(first, second, readings):
        return True
    if in_one_unit and (
        _is_one_character_of(first, second, readings)
        or may_stand_for(first, second, readings)
        or _are_otherwise_written(first, second, readings)
    ):
        return True
    least = LEAST_ALIKE + 1 if in_one_unit else LONG_NAME
    return max(len(first), len(second)) >= least and _are_one_step_apart(first, second)


@lru_cache(maxsize=65536)
def _spellings(key: str) -> frozenset[str]:
    """Return a key with what could not be written as ILLEGIBLE, without numbers, remarks, posts, and each name in it.

    What stands in brackets may be a remark, a description of a character, or another name (曾用名).
    """
    texts = {_REMARK.sub(ILLEGIBLE, key), _REMARK.sub("", key)}
    texts |= {_LAST_DOT.sub(ILLEGIBLE, text) for text in texts}
    texts |= {_NUMBER.sub("", text) for text in texts}
    names = {name for text in {key, *texts} for name in _BETWEEN_NAMES.split(text)}
    texts |= {name for name in names if len(name) >= LEAST_ALIKE and not is_post(name)}
    texts |= {stem for text in texts if len(stem := without_post(text)) >= LEAST_ALIKE}
    return frozenset({_NOT_WRITTEN.sub(ILLEGIBLE, text) for text in texts} - {""})


def _is_part(first: str, second: str) -> bool:
    """True if one name has a dot and the other is some of its parts."""
    parts, others = set(first.split(DOT)), set(second.split(DOT))
    return max(len(parts), len(others)) > 1 and (parts <= others or others <= parts)


def _is_within(first: str, second: str) -> bool:
    """True if one text is a whole name and the other holds more than it (陈刚同志), or a surname alone begins it."""
    if len(first) > len(second):
        first, second = second, first
    if len(first) < LEAST_ALIKE:
        return second.startswith(first)
    return len(second) - len(first) > 1 and first in second


def _is_one_character_of(first: str, second: str, readings: Readings) -> bool:
    """True if one text is a single character of the other (刚 for 陈刚)."""
    if len(first) > len(second):
        first, second = second, first
    return len(first) == 1 and any(are_mistaken(first, each, readings) for each in second)


def _plain(key: str) -> str:
    return "".join(c for c in key if c.isalnum() or c == ILLEGIBLE)


def _are_letters(first: str, second: str, readings: Readings, in_one_unit: bool) -> bool:
    """True if one name is the other one in pinyin, or both are in one's letters."""
    letters, others = letters_of(first), letters_of(second)
    if letters and others:
        return sorted(_WORD.findall(first)) == sorted(_WORD.findall(second)) or letters == others
    if others:
        letters, first, second = others, second, first
    return bool(letters) and is_written_in(letters, second, readings, may_be_short=in_one_unit)


def _are_otherwise_written(first: str, second: str, readings: Readings) -> bool:
    """True if the surname stands last (刚陈), or a character is written as its components (张金宏 for 张𬭎)."""
    if len(first) == len(second):
        return any(are_mistaken(first[n:] + first[:n], second, readings) for n in range(1, len(first)))
    if len(first) > len(second):
        first, second = second, first
    return any(_is_composed(first, n, second, readings) for n in range(len(first)))


def _is_composed(name: str, n: int, other: str, readings: Readings) -> bool:
    """True if the other name has two or three characters for the n-th one, which is rare or sounds like one of them."""
    start, after = name[:n], name[n + 1 :]
    components = other[n : len(other) - len(after)]
    if len(name) < LEAST_ALIKE or not 1 < len(components) <= MOST_COMPONENTS:
        return False
    is_likely = _is_rare(name[n]) or any(readings(name[n]) & readings(each) for each in components)
    rest = other[:n] + other[len(other) - len(after) :]
    return is_likely and are_mistaken(start + after, rest, readings)


def _is_rare(character: str) -> bool:
    """True for a Chinese character that the first national standard lacks, so that old systems cannot write it."""
    if not re.match(f"[{_HAN}]", character):
        return False
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


def _are_one_step_apart(first: str, second: str) -> bool:
    """True if one character is another one, is missing, or changes places with its neighbour."""
    if len(first) > len(second):
        first, second = second, first
    if len(second) - len(first) > 1 or len(first) < LEAST_ALIKE:
        return False
    start = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))
    if len(first) < len(second):
        return first[start:] == second[start + 1 :]
    swapped = first[:start] + first[start + 1 : start + 2] + first[start : start + 1] + first[start + 2 :]
    return first[start + 1 :] == second[start + 1 :] or swapped == second
