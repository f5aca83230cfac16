"""Data of the keying pages: a row per section as typed, and the comparison of two keyings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.ballot_form.rules.form import BallotForm, FormSection, severe_words
from evaluations.ballot_form.rules.votes import RawLine, VoteLine
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.paper_ballots.rules.keying import KeyingError, read_row, written_row
from evaluations.scoring.questionnaire import quoted


@dataclass(frozen=True)
class Keyed:
    """One row of the keying page: the text typed, and its error."""

    place: int
    section: FormSection
    keys: str
    ticks: str
    error: str
    is_open: bool = False  # two keyings differ here
    is_first: bool = True  # of its unit


@dataclass(frozen=True)
class Difference:
    """One difference between two keyings of a sheet."""

    what: str
    first: str
    second: str


def keyed_rows(ballot_form: BallotForm, typed: Mapping[str, str]) -> tuple[list[Keyed], list[RawLine]]:
    """Return every row with its error, and the lines that could be parsed."""
    rows: list[Keyed] = []
    lines = []
    for place, section in enumerate(ballot_form.sections, start=1):
        keys, ticks, error = typed.get(f"{section.code}.keys", ""), typed.get(f"{section.code}.ticks", ""), ""
        try:
            line = read_row(ballot_form, section.code, keys, ticks)
        except KeyingError as fault:
            line, error = None, str(fault)
        if line:
            lines.append(line)
        is_first = not rows or rows[-1].section.department != section.department
        rows.append(Keyed(place, section, keys, ticks, error, is_first=is_first))
    return rows, lines


def keying_words(ballot_form: BallotForm) -> dict[str, str]:
    """Return the words of the form in which the keying page explains what is typed, and from which key on it asks."""
    asked = ballot_form.questionnaire
    return {
        "indicators": asked.listed,
        "unknown": asked.unknown,
        "severe": quoted(severe_words(ballot_form), "或"),
        "severe_from": str(ballot_form.severe_from),
    }


def compared(ballot_form: BallotForm, first: str, second: str) -> list[Difference]:
    """Return the differences between two keyings: head first, then by section."""
    one, other = json.loads(first), json.loads(second)
    ours, theirs = _keyed_by_section(ballot_form, one), _keyed_by_section(ballot_form, other)
    differences = [
        Difference(
            f"{place}. {section.department} {section.name}",
            _shown(ballot_form, ours.get(section.code)),
            _shown(ballot_form, theirs.get(section.code)),
        )
        for place, section in enumerate(ballot_form.sections, start=1)
        if ours.get(section.code) != theirs.get(section.code)
    ]
    heads = [(what, _head(one, what), _head(other, what)) for what in ("认定", "理由", "意见")]
    return [Difference(*head) for head in heads if head[1] != head[2]] + differences


def agreed(ballot_form: BallotForm, first: str, second: str) -> dict[str, str]:
    """Return the fields on which two keyings agree, so that the third person keys only the others."""
    one, other = json.loads(first), json.loads(second)
    fields = {name: one[name] for name in ("kind", "reason", "comment") if one[name] == other[name]}
    ours, theirs = _keyed_by_section(ballot_form, one), _keyed_by_section(ballot_form, other)
    for code in (section.code for section in ballot_form.sections):
        if ours.get(code) == theirs.get(code):
            fields[f"{code}.keys"], fields[f"{code}.ticks"] = ours.get(code, ("", ""))
    return fields


def _head(content: Mapping[str, Any], what: str) -> str:
    if what == "认定":
        return str(SheetKind(content["kind"]).label)
    return content["reason" if what == "理由" else "comment"] or "（空）"


def _keyed_by_section(ballot_form: BallotForm, content: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    lines = content["vote"]["lines"] if content["vote"] else []
    return {
        line["section"]: written_row(
            ballot_form, VoteLine(line["section"], line["answers"], tuple(line["manifestations"]))
        )
        for line in lines
    }


def _shown(ballot_form: BallotForm, row: tuple[str, str] | None) -> str:
    """Return a row as keyed, with the text of its ticked manifestations."""
    if row is None:
        return "未评"
    keys, ticks = row
    ticked = (read_row(ballot_form, "", keys, ticks) or RawLine("", {})).manifestations
    words = "；".join(sign.text for sign in ballot_form.manifestations if sign.code in ticked)
    return f"{keys}　表象 {ticks}（{words}）" if ticks else keys
