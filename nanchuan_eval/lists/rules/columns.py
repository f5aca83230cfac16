"""The columns of a list (名单、名录): their headings and synonyms, what their cells hold, what is required."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from nanchuan_eval.names.rules.keys import name_key

# Marks that people put around a heading: required stars, colons, numbers of footnotes.
_MARKS = "*※#:;、。.·"
_BRACKETS = {"(": ")", "[": "]", "【": "】", "〔": "〕", "《": "》", "<": ">", "〈": "〉", "{": "}", "「": "」"}


class Kind(Enum):
    """What a column holds; values come out typed (`nanchuan_eval.lists.rules.values`)."""

    TEXT = "text"
    PHONE = "phone"
    DATE = "date"
    NUMBER = "number"
    CODE = "code"
    CODES = "codes"
    CHOICE = "choice"


@dataclass(frozen=True)
class Column:
    """One column: `key` in records, `label` as its heading, `synonyms` accepted for it.

    `most` = characters at most; `choices` = words accepted -> values, of a `CHOICE`; `help` and `examples` stand in the
    template that people download. `kin` = pattern of other headings that must not be passed over while the column
    is missing: it may have been meant.
    """

    key: str
    label: str
    synonyms: tuple[str, ...] = ()
    kind: Kind = Kind.TEXT
    is_required: bool = False
    most: int = 300
    choices: Mapping[str, object] = field(default_factory=dict)
    help: str = ""
    kin: str = ""
    examples: tuple[str, ...] = ()

    @property
    def headings(self) -> frozenset[str]:
        """Keys of all headings by which the column is found."""
        return frozenset(map(heading_key, (self.label, *self.synonyms)))


def heading_key(cell: str) -> str:
    """Return a heading for comparing: without blanks, stars and what stands in brackets, in half width.

    Of a heading that stands in brackets itself, what stands in the first of them.
    """
    outside, inside = _by_brackets(name_key(cell).replace(" ", ""))
    return outside.strip(_MARKS) or inside.strip(_MARKS)


def _by_brackets(key: str) -> tuple[str, str]:
    """Return the text outside brackets and that within the first of them; unclosed brackets are no brackets."""
    outside, inside, waiting, is_first = "", "", list[str](), True
    for character in key:
        if character in _BRACKETS:
            waiting.append(_BRACKETS[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
            is_first = bool(waiting) and is_first
        elif not waiting:
            outside += character
        elif is_first:
            inside += character
    return ("".join(c for c in key if c not in _BRACKETS), "") if waiting else (outside, inside)


def labels(columns: Iterable[Column]) -> str:
    """Return the columns' labels in a row, for a message."""
    return "、".join(f"“{column.label}”" for column in columns)
