"""What the keying pages show: a row per section as it was typed, and two keyings side by side."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.rules.ballots import DONT_KNOW, RawLine
from evaluations.rules.indicators import Indicator
from evaluations.rules.keying import KeyingError, read_row
from evaluations.rules.paper import BallotPaper, PaperSection
from evaluations.rules.paper_books import SheetKind


@dataclass(frozen=True)
class Keyed:
    """One row of the keying page: what was typed, and what cannot be read of it."""

    place: int
    section: PaperSection
    keys: str
    ticks: str
    error: str


@dataclass(frozen=True)
class Difference:
    """Where two keyings of a sheet differ."""

    what: str
    first: str
    second: str


def keyed_rows(paper: BallotPaper, typed: Mapping[str, str]) -> tuple[list[Keyed], list[RawLine]]:
    """Return every row with its fault, and the lines that can be read."""
    rows, lines = [], []
    for place, section in enumerate(paper.sections, start=1):
        keys, ticks, error = typed.get(f"{section.code}.keys", ""), typed.get(f"{section.code}.ticks", ""), ""
        try:
            line = read_row(paper, section.code, keys, ticks)
        except KeyingError as fault:
            line, error = None, str(fault)
        if line:
            lines.append(line)
        rows.append(Keyed(place, section, keys, ticks, error))
    return rows, lines


def compared(paper: BallotPaper, first: str, second: str) -> list[Difference]:
    """Return what two keyings say differently, section by section."""
    if not first or not second:
        return []
    one, other = json.loads(first), json.loads(second)
    names = {section.code: f"{section.department} {section.name}" for section in paper.sections}
    ours, theirs = _said(one), _said(other)
    differing = [code for code in names if ours.get(code, "未评") != theirs.get(code, "未评")]
    differences = [Difference(names[code], ours.get(code, "未评"), theirs.get(code, "未评")) for code in differing]
    heads = [(what, _head(one, what), _head(other, what)) for what in ("认定", "理由", "意见")]
    return [Difference(*head) for head in heads if head[1] != head[2]] + differences


def _head(content: Mapping[str, Any], what: str) -> str:
    if what == "认定":
        return str(SheetKind(content["kind"]).label)
    return content["reason" if what == "理由" else "comment"] or "（空）"


def _said(content: Mapping[str, Any]) -> dict[str, str]:
    lines = content["vote"]["lines"] if content["vote"] else []
    return {line["section"]: _keys(line) for line in lines}


def _keys(line: Mapping[str, Any]) -> str:
    answers = "".join(str(line["answers"].get(i.value, DONT_KNOW)) for i in Indicator)
    return " ".join([answers, *line["manifestations"]])
