"""Official papers (公文) by the habits of GB/T 9704: one content, written as PDF (`paper.typ`) or as .docx.

A4, margins 37 mm above and 28 mm left, text area 156 × 225 mm with 22 lines of 28 characters, body 三号仿宋.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations, pairwise

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.documents.rendering import render_pdf

TEXT_WIDTH = 156  # millimetres
TITLE_LENGTH = 19  # characters of 二号 (22 pt) that leave a margin beside the title
PAPER_NUMBER = re.compile(r"([\u4e00-\u9fff]{2,12})[〔\[［【(（](\d{4})[〕\]］】)）]([1-9]\d{0,3})号?")
GROUP = 8  # characters of a digest that are read out together


class Style(StrEnum):
    """How a block of text is set."""

    HEADING = "heading"  # 一、黑体
    SUBHEADING = "subheading"  # （一）楷体
    BODY = "body"
    STRONG = "strong"
    NOTE = "note"  # smaller, below a table


@dataclass(frozen=True)
class Text:
    """A paragraph or heading."""

    text: str
    style: Style = Style.BODY


@dataclass(frozen=True)
class Grid:
    """A table with the widths of its columns in millimetres; no row is split, the head is repeated."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Paper:
    """A paper's content. `number` = its 文号; empty = a line to fill in by hand, None = none at all."""

    title: tuple[str, ...]
    blocks: tuple[Text | Grid, ...]
    ending: str
    office: str
    date: str
    # The name in red at the head (发文机关标志), and the code in the number (机关代字).
    issuer: str
    code: str
    number: str | None = None
    subtitle: str = ""
    addressee: str = ""
    annex: tuple[tuple[str, str], ...] = ()
    annex_note: str = ""
    demo: str = ""

    @property
    def shown_number(self) -> str:
        """The 文号, or a line for it with this year."""
        return self.number or f"{self.code}〔{self.date[:4]}〕　　　号"

    @property
    def title_text(self) -> str:
        """The title in one line."""
        return "".join(self.title)


ANNEX = "核验信息"


def paper_pdf(paper: Paper, *, at: datetime) -> bytes:
    """Return a paper as PDF."""
    lines = break_title(paper.title)
    more = {"title_lines": lines, "title": paper.title_text, "annex_title": ANNEX}
    return render_pdf("paper", {**asdict(paper), **more, "numbered": paper.number is not None,
                                "number": paper.shown_number}, at=at)  # fmt: skip


def paper_number(typed: str, *, year: int, code: str) -> str:
    """Return a 文号 as it is printed, or nothing; refuse what is none or of another year (`code` = an example's)."""
    if not typed.strip():
        return ""
    found = PAPER_NUMBER.fullmatch("".join(typed.split()))
    if found is None:
        raise RuleViolation(f"文号格式有误，请按“{code}〔{year}〕3号”填写：机关代字、年份、序号，序号不编虚位。")
    typed_code, written, number = found.groups()
    if int(written) != year:
        raise RuleViolation(f"文号中的年份为{written}年，成文日期在{year}年，请核对。")
    return f"{typed_code}〔{written}〕{number}号"


def break_title(parts: Sequence[str], longest: int = TITLE_LENGTH) -> list[str]:
    """Return the lines of a title: as few as possible, as even as possible, broken between its parts only."""
    for breaks in range(len(parts)):
        found = [_lines(parts, places) for places in combinations(range(1, len(parts)), breaks)]
        fitting = [lines for lines in found if all(text_width(line) <= longest for line in lines)]
        if fitting:
            return min(fitting, key=lambda lines: max(map(text_width, lines)) - min(map(text_width, lines)))
    return list(parts)


def grouped(digest: str) -> str:
    """Return a digest in groups, so that it can be read out, compared and broken at the end of a line."""
    return " ".join(digest[at : at + GROUP] for at in range(0, len(digest), GROUP))


def text_width(line: str) -> float:
    """Return how many full characters wide a line is."""
    return sum(0.5 if character.isascii() else 1 for character in line)


def _lines(parts: Sequence[str], places: Sequence[int]) -> list[str]:
    edges = [0, *places, len(parts)]
    return ["".join(parts[start:end]) for start, end in pairwise(edges)]
