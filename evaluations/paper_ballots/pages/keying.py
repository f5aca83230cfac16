"""What the keying pages show: a row per section as it was typed, and two keyings side by side."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.ballot_form.rules.form import BallotForm, FormSection
from evaluations.ballot_form.rules.votes import RawLine, VoteLine
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.paper_ballots.rules.keying import KeyingError, read_row, written_row


@dataclass(frozen=True)
class Keyed:
    """One row of the keying page: what was typed, and what cannot be read of it."""

    place: int
    section: FormSection
    keys: str
    ticks: str
    error: str
    is_open: bool = False  # two keyings differ here


@dataclass(frozen=True)
class Difference:
    """Where two keyings of a sheet differ."""

    what: str
    first: str
    second: str


def keyed_rows(paper: BallotForm, typed: Mapping[str, str]) -> tuple[list[Keyed], list[RawLine]]:
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


def compared(paper: BallotForm, first: str, second: str) -> list[Difference]:
    """Return what two keyings say differently, section by section."""
    one, other = json.loads(first), json.loads(second)
    ours, theirs = _said(paper, one), _said(paper, other)
    differences = [
        Difference(
            f"{place}. {section.department} {section.name}",
            _shown(paper, ours.get(section.code)),
            _shown(paper, theirs.get(section.code)),
        )
        for place, section in enumerate(paper.sections, start=1)
        if ours.get(section.code) != theirs.get(section.code)
    ]
    heads = [(what, _head(one, what), _head(other, what)) for what in ("认定", "理由", "意见")]
    return [Difference(*head) for head in heads if head[1] != head[2]] + differences


def agreed(paper: BallotForm, first: str, second: str) -> dict[str, str]:
    """Return the fields in which two keyings agree: the third look keys the others only."""
    one, other = json.loads(first), json.loads(second)
    fields = {name: one[name] for name in ("kind", "reason", "comment") if one[name] == other[name]}
    ours, theirs = _said(paper, one), _said(paper, other)
    for code in (section.code for section in paper.sections):
        if ours.get(code) == theirs.get(code):
            fields[f"{code}.keys"], fields[f"{code}.ticks"] = ours.get(code, ("", ""))
    return fields


def _head(content: Mapping[str, Any], what: str) -> str:
    if what == "认定":
        return str(SheetKind(content["kind"]).label)
    return content["reason" if what == "理由" else "comment"] or "（空）"


def _said(paper: BallotForm, content: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    lines = content["vote"]["lines"] if content["vote"] else []
    return {
        line["section"]: written_row(paper, VoteLine(line["section"], line["answers"], tuple(line["manifestations"])))
        for line in lines
    }


def _shown(paper: BallotForm, row: tuple[str, str] | None) -> str:
    """Return a row as it was keyed, and in words what its ticks stand for."""
    if row is None:
        return "未评"
    keys, ticks = row
    ticked = (read_row(paper, "", keys, ticks) or RawLine("", {})).manifestations
    words = "；".join(sign.text for sign in paper.manifestations if sign.code in ticked)
    return f"{keys}　表象 {ticks}（{words}）" if ticks else keys
