"""The key by which names of people and units are compared, and typed text as it is stored (docs/lists.md)."""

import re
import unicodedata
from functools import lru_cache

from nanchuan_eval.names.rules.characters import (
    BLANK_LETTERS,
    IDEOGRAPH_OF_RADICAL,
    MIDDLE_DOTS,
    SHAPELESS,
    UNICODE_OF_PRIVATE_USE,
)

DOT = "·"
# What lists write where a post has nobody.
NO_NAME = frozenset({"无", "缺", "空", "空缺", "暂缺", "暂无", "待定", "未定", "不详", "无负责人"})
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
PRIVATE_USE = "Co"
_SHAPELESS = frozenset(map(chr, (point for points in SHAPELESS for point in points)))
# A line break between Latin words or codes is a separator; inside Chinese text it is only a wrapped line.
_BREAK_BETWEEN_WORDS = re.compile(r"(?<=[!-~])[ \t]*[\r\n\t]+[ \t]*(?=[!-~])")
_CHINESE = "\u2e80-\U0003ffff"
# A blank separates words of alphabets and numbers; beside Chinese characters and dots it is layout.
_LAYOUT_BLANK = re.compile(rf"(?<![^\W{_CHINESE}]) | (?![^\W{_CHINESE}])")
_DOTS = re.compile(rf"{DOT}+")
_FULL_STOP = re.compile(rf"(?<=[{_CHINESE}])[.。](?=[{_CHINESE}])")


def tidy(text: str) -> str:
    """Return typed text as it is stored: NFC, without invisible characters, each run of blanks one blank.

    Characters that GBK kept in the private use area become those of Unicode, or they would print as boxes.
    """
    text = _BREAK_BETWEEN_WORDS.sub(" ", text)
    text = "".join(" " if _is_blank(c) else c for c in text.replace("\r", "").replace("\n", ""))
    return unicodedata.normalize("NFC", " ".join(without_invisible(text).split()))


def tidy_lines(text: str) -> str:
    """Return a long text as it is stored: like `tidy`, but lines and runs of blanks stay as they are."""
    text = "".join(" " if c == "\t" or c in BLANK_LETTERS else c for c in text)
    return unicodedata.normalize("NFC", without_invisible(text)).strip()


def without_invisible(text: str) -> str:
    """Return the text without characters that show nothing, with GBK's private-use characters mapped to Unicode."""
    return "".join(c for c in text.translate(UNICODE_OF_PRIVATE_USE) if not is_invisible(c))


def unprintable(text: str) -> str:
    """Return the characters that print as boxes: those of the private use area that no standard defines."""
    return "".join(c for c in text if unicodedata.category(c) == PRIVATE_USE and ord(c) not in UNICODE_OF_PRIVATE_USE)


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """Return the key of a person's or a unit's name: two spellings of one name have one key.

    Blanks, width, letter case, kinds of middle dots, compatibility forms, radicals typed for their characters and
    invisible characters make no difference; any other difference does.
    """
    # Dots first: to NFKC some of them are a blank with a mark (˙).
    text = unicodedata.normalize("NFKC", _with_one_dot(tidy(name))).translate(IDEOGRAPH_OF_RADICAL)
    text = _with_one_dot(without_invisible(text))
    text = unicodedata.normalize("NFC", _LAYOUT_BLANK.sub("", " ".join(text.split())))
    text = _DOTS.sub(DOT, _FULL_STOP.sub(DOT, text)).strip(DOT)
    return unicodedata.normalize("NFC", text.casefold())


def is_same_name(one: str, other: str) -> bool:
    """True if both are spellings of one name; an empty name is nobody's."""
    key = name_key(one)
    return bool(key) and key == name_key(other)


def is_no_name(text: str) -> bool:
    """True if the text names nobody: empty, strokes and dots only, or a word like 空缺."""
    key = name_key(text)
    return key in NO_NAME or not any(character.isalnum() for character in key)


def _with_one_dot(text: str) -> str:
    return "".join(DOT if c in MIDDLE_DOTS else c for c in text)


def _is_blank(character: str) -> bool:
    return character.isspace() or character in BLANK_LETTERS


def is_invisible(character: str) -> bool:
    """True for a character that shows nothing; line breaks count as visible."""
    if unicodedata.category(character) in INVISIBLE:
        return character not in "\r\n"
    # U+FFFE, U+FFFF and their like are no characters.
    return character in _SHAPELESS or ord(character) & 0xFFFE == 0xFFFE
