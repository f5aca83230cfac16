"""Rulebooks, lines, files and the published worked examples for the tests of score method NC-1."""

import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import isqrt
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from evaluations.scoring.counting import Cell, Line, count_lines, line_q
from evaluations.scoring.method import Channel, Indicator, Method, parse_method
from evaluations.scoring.result import build_result
from tests.paths import ROOT

CHANNELS = tuple(Channel.values)
LETTERS = {"T": "targeted", "S": "sampled", "O": "other"}
HEADER = "ballot,channel,origin,section,cold,lazy,buck_passing,disorderly,greedy"
PUBLISHED = json.loads((ROOT / "tests" / "vectors" / "score_vectors.json").read_text("utf-8"))["vectors"]
LINE_SCORES, *ROUNDS = PUBLISHED
# An example's duration depends on the machine, not on the rule.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Every section is ranked and enters the averages: for tests of other rules.
NO_MINIMUMS = {"mean_min_lines": 1, "min_lines": 0, "min_drawn_lines": 0}


def rulebook(**changes: Any) -> dict[str, Any]:
    """The default scoring part over sections A, B, C."""
    return {
        "method": "NC-1",
        "levels": 3,
        "severe_from": 2,
        "min_answered": 3,
        "indicator_weights": dict.fromkeys(Indicator.values, 1),
        "channels": channels("T"),
        "prior_ballots": 5,
        "cap": "5",
        "mean_min_lines": 5,
        "min_lines": 30,
        "min_drawn_lines": 10,
        "list_length": 10,
        "z": "1.96",
        "nu0": 20,
        "v_prior": "625",
        "basis": "difficulty",
        "sections": ["A", "B", "C"],
        "vetoes": [],
    } | changes


def channels(drawn: str, **weights: str) -> dict[str, Any]:
    """The rulebook's channels by their letters: channels("TS") are the three with T and S drawn."""
    weights = weights or {"T": "1/2", "S": "3/10", "O": "1/5"}
    return {LETTERS[c]: {"weight": weight, "drawn": c in drawn} for c, weight in weights.items()}


def line_score(parsed: Method, answers: tuple[int | None, ...]) -> Fraction | None:
    """A line's score from 0 (no complaint) to 100 (worst), or None for an invalid line."""
    q = line_q(parsed, answers)
    return None if q is None else Fraction(100 * q, parsed.scale * parsed.levels)


def veto(section: str) -> dict[str, str]:
    """A veto as rulebook.json writes it."""
    return {"section": section, "decision": "南川纪发〔2020〕1号", "date": "2020-07-01"}


def method(**changes: Any) -> Method:
    """The default method over sections A, B, C."""
    return parse_method(rulebook(**changes))


def lines(section: str, channel: str, *answers: str, times: int = 1) -> list[Line]:
    """Lines from strings of five digits, - for 不了解: lines("A", "T", "2310-")."""
    given = [tuple(None if x == "-" else int(x) for x in row) for row in answers]
    return [Line(section, LETTERS[channel], row) for row in given] * times


def judge(book: Mapping[str, Any], *groups: Iterable[Line]) -> dict[str, dict[str, Any]]:
    """The rows of result.json by section."""
    parsed = parse_method(book)
    result = build_result(parsed, cells(parsed, *groups))
    return {row["section"]: row for row in result["sections"]}


def cells(parsed: Method, *groups: Iterable[Line]) -> dict[tuple[str, str], Cell]:
    """The cells of all the lines."""
    return count_lines(parsed, [line for group in groups for line in group])


def ballots_csv(all_lines: Iterable[Line]) -> list[str]:
    """The text lines of ballots.csv, one ballot per line."""
    rows = [
        ",".join([f"b{n}", line.channel, "", line.section, *("" if x is None else str(x) for x in line.answers)])
        for n, line in enumerate(all_lines)
    ]
    return [row + "\n" for row in [HEADER, *rows]]


def published_rulebook(vector: Mapping[str, Any]) -> dict[str, Any]:
    """A published example's parameters as a rulebook."""
    given = vector["params"]
    z2 = Fraction(given["z2"])
    return rulebook(
        levels=given["levels"],
        severe_from=given["severe_from"],
        min_answered=given["min_answered"],
        indicator_weights=dict(zip(Indicator.values, given["ind_weights"], strict=True)),
        channels=channels("".join(given["drawn"]), **given["W"]),
        prior_ballots=given["k"],
        cap=given["cap"],
        mean_min_lines=given["m_min"],
        min_lines=given["n_min"],
        min_drawn_lines=given["n_min_drawn"],
        list_length=given["list_len"],
        z=f"{isqrt(z2.numerator)}/{isqrt(z2.denominator)}",
        nu0=given["nu0"],
        v_prior=given["v_prior"],
        sections=sorted(vector["expected"]["sections"]),
    )


def published_lines(vector: Mapping[str, Any]) -> list[Line]:
    """A published example's lines."""
    return [Line(row["section"], LETTERS[row["channel"]], tuple(row["x"])) for row in vector["input"]]


@st.composite
def rulebooks(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    """Any valid rulebook over four sections; `fixed` settings are not varied."""
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
        "prior_ballots": draw(st.integers(1, 6)),
        "cap": draw(st.sampled_from([0, 1, "5", "25/2", 100])),
        "mean_min_lines": draw(st.integers(0, 4)),
        "min_lines": draw(st.integers(0, 4)),
        "min_drawn_lines": draw(st.integers(0, 2)),
        "list_length": draw(st.integers(1, 4)),
        "z": draw(st.sampled_from(["0", "1/2", "1.96"])),
        "nu0": draw(st.sampled_from([0, 20])),
        "v_prior": draw(st.sampled_from(["0", "625"])),
        "basis": draw(st.sampled_from(["difficulty", "vote_count"])),
        "sections": sections,
        "vetoes": [veto(code) for code in draw(st.sets(st.sampled_from(sections), max_size=2))],
    }
    return rulebook(**varied | fixed)


def line_lists(book: Mapping[str, Any], most: int = 40) -> st.SearchStrategy[list[Line]]:
    """Lists of lines that fit a rulebook."""
    answer = st.none() | st.integers(0, book["levels"])
    line = st.builds(
        Line, st.sampled_from(book["sections"]), st.sampled_from(list(book["channels"])), st.tuples(*[answer] * 5)
    )
    return st.lists(line, max_size=most)


@st.composite
def rounds(draw: st.DrawFn, **fixed: Any) -> tuple[dict[str, Any], list[Line]]:
    """A rulebook and lines that fit it."""
    book = draw(rulebooks(**fixed))
    return book, draw(line_lists(book))
