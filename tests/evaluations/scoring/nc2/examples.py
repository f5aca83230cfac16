"""Rulebooks, ballots, files and the published worked examples for the tests of score method NC-2."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from evaluations.scoring.counting import Line
from evaluations.scoring.method import Indicator
from evaluations.scoring.nc2.ballots import Ballots, count_ballots
from evaluations.scoring.nc2.method import MethodTwo, parse_method_two
from evaluations.scoring.nc2.result import build_files
from tests.evaluations.scoring.examples import HEADER, LETTERS, channels, untimed, veto
from tests.paths import ROOT

__all__ = ["channels", "untimed", "veto"]

VECTORS = json.loads((ROOT / "tests" / "vectors" / "score_vectors_2.json").read_text("utf-8"))["vectors"]
LINE_SCORES = VECTORS[0]["lines"]
ROUNDS = [vector for vector in VECTORS if "ballots_csv" in vector]
CHANGES = [vector for vector in VECTORS if "change" in vector]
# Every section is ranked, every cell is visible: for tests of other rules.
NO_MINIMUMS = {"cell_min_lines": 1, "min_lines": 0, "min_drawn_lines": 0}

Votes = list[tuple[str, Line]]


def rulebook(**changes: Any) -> dict[str, Any]:
    """The default scoring part over sections A, B, C, D."""
    return {
        "method": "NC-2",
        "levels": 3,
        "severe_from": 2,
        "min_answered": 3,
        "indicator_weights": dict.fromkeys(Indicator.values, 1),
        "channels": channels("T"),
        "line_cap": "50",
        "rater_sweeps": 2,
        "rater_prior": 1,
        "cell_min_lines": 5,
        "prior_ballots": 10,
        "follow": "1",
        "cap": "4",
        "min_lines": 30,
        "min_drawn_lines": 10,
        "list_length": 2,
        "z": "1.96",
        "nu0": 20,
        "v_prior": "625",
        "pair_min_lines": 10,
        "pair_min_count": 20,
        "between_prior": "4",
        "between_weight": "3/4",
        "publish_share": "4/5",
        "basis": "difficulty",
        "sections": ["A", "B", "C", "D"],
        "vetoes": [],
    } | changes


def method(**changes: Any) -> MethodTwo:
    """The default method over sections A, B, C, D."""
    return parse_method_two(rulebook(**changes))


def ballots(channel: str, *sheets: Mapping[str, str], times: int = 1, name: str = "b") -> Votes:
    """Ballots of a channel, each a row of five digits per section, - for 不了解: ballots("T", {"A": "2310-"})."""
    return [
        (f"{name}{channel}{n}.{copy}", Line(section, LETTERS[channel], answers(row)))
        for copy in range(times)
        for n, sheet in enumerate(sheets)
        for section, row in sheet.items()
    ]


def answers(row: str) -> tuple[int | None, ...]:
    """Five answers from their digits."""
    return tuple(None if x == "-" else int(x) for x in row)


def counted(book: Mapping[str, Any], *groups: Votes) -> tuple[MethodTwo, Ballots]:
    """The method and the counted ballots."""
    parsed = parse_method_two(book)
    return parsed, count_ballots(parsed, [vote for group in groups for vote in group])


def judge(book: Mapping[str, Any], *groups: Votes) -> dict[str, dict[str, Any]]:
    """The rows of result.json by section."""
    return {row["section"]: row for row in build_files(*counted(book, *groups), book)[0]["sections"]}


def ballots_csv(votes: Iterable[tuple[str, Line]]) -> list[str]:
    """The text lines of ballots.csv."""
    rows = [
        ",".join([ballot, line.channel, "", line.section, *("" if x is None else str(x) for x in line.answers)])
        for ballot, line in votes
    ]
    return [row + "\n" for row in [HEADER, *rows]]


def in_file(vector: Mapping[str, Any]) -> list[str]:
    """The text lines of a published example's ballots.csv."""
    return vector["ballots_csv"].splitlines(keepends=True)


@st.composite
def rulebooks(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    """Any valid rulebook over four sections, with small minimums; `fixed` settings are not varied."""
    levels = draw(st.integers(1, 4))
    shares = draw(st.dictionaries(st.sampled_from("TSO"), st.integers(1, 5), min_size=1))
    weights = {c: f"{share}/{sum(shares.values())}" for c, share in shares.items()}
    sections = ["A", "B", "C", "D"]
    varied = {
        "levels": levels,
        "severe_from": draw(st.integers(1, levels)),
        "min_answered": draw(st.integers(1, 5)),
        "indicator_weights": {i: draw(st.sampled_from([1, 2, "3/2"])) for i in Indicator.values},
        "channels": channels("".join(draw(st.sets(st.sampled_from("TSO")))), **weights),
        "line_cap": draw(st.sampled_from(["50", 100, "100/3", "12.5"])),
        "rater_sweeps": draw(st.integers(0, 3)),
        "rater_prior": draw(st.sampled_from([0, 1, "5/2"])),
        "cell_min_lines": draw(st.integers(1, 3)),
        "prior_ballots": draw(st.integers(1, 6)),
        "follow": draw(st.sampled_from(["0", "1/3", "1"])),
        "cap": draw(st.sampled_from([0, 1, "4", "25/3", 100])),
        "min_lines": draw(st.integers(0, 4)),
        "min_drawn_lines": draw(st.integers(0, 2)),
        "list_length": draw(st.integers(1, 4)),
        "z": draw(st.sampled_from(["0", "1/2", "1.96"])),
        "nu0": draw(st.sampled_from([0, "1/2", 20])),
        "v_prior": draw(st.sampled_from(["0", "625"])),
        "pair_min_lines": draw(st.integers(1, 2)),
        "pair_min_count": draw(st.integers(1, 4)),
        "between_prior": draw(st.sampled_from(["0", "4", "1/3"])),
        "between_weight": draw(st.sampled_from(["0", "3/4", "1"])),
        "publish_share": draw(st.sampled_from(["0", "1/2", "4/5", "1"])),
        "sections": sections,
        "vetoes": [veto(code) for code in draw(st.sets(st.sampled_from(sections), max_size=2))],
    }
    return rulebook(**varied | fixed)


@st.composite
def rounds(draw: st.DrawFn, most: int = 4, **fixed: Any) -> tuple[dict[str, Any], Votes]:
    """A rulebook, and ballots of at most so many lines that fit it."""
    book = draw(rulebooks(**fixed))
    row = st.tuples(*[st.none() | st.integers(0, book["levels"])] * 5)
    sheet = st.dictionaries(st.sampled_from(book["sections"]), row, min_size=1, max_size=most)
    cast = draw(st.lists(st.tuples(st.sampled_from(list(book["channels"])), sheet), max_size=20))
    return book, [
        (f"b{n}", Line(section, channel, given))
        for n, (channel, rows) in enumerate(cast)
        for section, given in rows.items()
    ]
