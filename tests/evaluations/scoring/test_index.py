"""From cells to scores: the published examples, an independent oracle, the properties named in method.md 7."""

import random
import sys
import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.counting import Cell, Line
from evaluations.scoring.index import (
    Scores,
    four_decimals,
    score_indicator,
    score_sections,
    severe_share,
    trim,
    variances,
)
from evaluations.scoring.method import Indicator, parse_method
from evaluations.scoring.methods import recount
from evaluations.scoring.result import build_result
from tests.evaluations.scoring.examples import (
    CHANNELS,
    LINE_SCORES,
    NO_MINIMUMS,
    ROUNDS,
    ballots_csv,
    cells,
    channels,
    line_score,
    lines,
    method,
    published_lines,
    published_rulebook,
    rounds,
    rulebook,
    untimed,
)
from tests.evaluations.scoring.oracle import Oracle

LETTER = {"targeted": "T", "sampled": "S", "other": "O"}


def scored(book: dict[str, Any], *groups: list[Line]) -> Scores:
    """The exact scores of a rulebook and lines."""
    parsed = parse_method(book)
    return score_sections(parsed, cells(parsed, *groups))


@pytest.mark.parametrize(("given_", "expected"), list(zip(LINE_SCORES["input"], LINE_SCORES["expected"], strict=True)))
def test_a_published_line_has_its_score(given_: dict[str, Any], expected: dict[str, str] | None):
    weights = dict(zip(Indicator.values, given_.get("ind_weights", [1] * 5), strict=True))
    parsed = method(levels=given_.get("levels", 4), indicator_weights=weights)

    score = line_score(parsed, tuple(given_["x"]))

    assert score == (None if expected is None else Fraction(expected["exact"]))


@pytest.mark.parametrize("vector", ROUNDS, ids=lambda vector: vector["name"])
def test_a_published_round_has_its_exact_scores(vector: dict[str, Any]):
    parsed = parse_method(published_rulebook(vector))
    counted = cells(parsed, published_lines(vector))
    scores = score_sections(parsed, counted)
    spread = variances(parsed, counted, scores)

    assert {LETTER[c]: str(mean) for c, mean in scores.means.items()} == vector["expected"]["M"]
    for section, expected in vector["expected"]["sections"].items():
        score = scores.sections[section]
        assert score.value == Fraction(expected["S_exact"])
        assert [LETTER[c] for c in score.capped] == expected["capped"]
        assert f"{float(spread[section]):.6f}" == expected["s2"]


@untimed
@given(rounds())
def test_scores_agree_with_an_independent_line_by_line_count(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    parsed = parse_method(book)
    counted = cells(parsed, all_lines)
    scores, oracle = score_sections(parsed, counted), Oracle(book, all_lines)

    assert variances(parsed, counted, scores) == oracle.spread
    for section, expected in oracle.score.items():
        score = scores.sections[section]
        found = (score.value, score.drawn_deviation, list(score.capped))
        assert found == (expected["S"], expected["e"], expected["capped"])
        assert severe_share(parsed, counted, section) == oracle.severe_share(section)


@untimed
@given(rounds())
def test_indicator_scores_agree_with_an_independent_count(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    parsed = parse_method(book)

    for place, indicator in enumerate(Indicator):
        scores = score_indicator(parsed, cells(parsed, all_lines), indicator)
        assert {s: score.value for s, score in scores.sections.items()} == Oracle(book, all_lines).indicator(place)


@untimed
@given(rounds(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_sections_does_not_matter(round_: tuple[dict[str, Any], list[Line]], chance: Any):
    book, all_lines = round_
    shuffled, sections = list(all_lines), list(book["sections"])
    chance.shuffle(shuffled)
    chance.shuffle(sections)
    one, other = parse_method(book), parse_method({**book, "sections": sections})

    assert build_result(one, cells(one, all_lines)) == build_result(other, cells(other, shuffled))


@untimed
@given(rounds(min_lines=0, min_drawn_lines=0, vetoes=[]), st.data())
def test_a_minimum_decides_who_is_ranked_but_changes_no_score(
    round_: tuple[dict[str, Any], list[Line]], data: st.DataObject
):
    book, all_lines = round_
    stricter = book | {"min_lines": data.draw(st.integers(0, 30)), "min_drawn_lines": data.draw(st.integers(0, 20))}

    assert scored(stricter, all_lines) == scored(book, all_lines)


@untimed
@given(rounds())
def test_a_channel_nobody_used_is_dropped_and_the_weights_rescaled(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    used = {line.channel for line in all_lines if Oracle(book, [line]).y(line) is not None}
    scores = scored(book, all_lines)

    assert set(scores.means) == set(scores.weights) == used
    assert sum(scores.weights.values()) == (1 if used else 0)


def test_the_rescaled_weights_are_those_of_a_rulebook_without_the_channel():
    votes = [lines("A", "T", "11111", "32100"), lines("B", "S", "20100", "00000"), lines("A", "S", "33333")]
    with_other = rulebook(**NO_MINIMUMS)
    without = rulebook(**NO_MINIMUMS, channels=channels("T", T="5/8", S="3/8"))

    assert scored(with_other, *votes) == scored(without, *votes)


def test_a_section_without_lines_lies_at_the_average():
    scores = scored(rulebook(**NO_MINIMUMS), lines("A", "T", "33333"), lines("B", "T", "00000"))

    assert scores.means == {"targeted": 50}
    assert scores.sections["C"].value == 50
    assert scores.sections["C"].deviations == {"targeted": 0}


def test_five_average_ballots_pull_a_thin_section_to_the_mean():
    scores = scored(rulebook(**NO_MINIMUMS), lines("A", "T", "33333"), lines("B", "T", "00000"))

    assert scores.sections["A"].value == 50 + Fraction(50, 6)


def test_thin_sections_count_in_the_average_only_where_all_are_thin():
    thick, thin = lines("A", "T", "33333", times=5), lines("B", "T", "00000", times=4)

    assert scored(rulebook(), thick, thin).means["targeted"] == 100
    assert scored(rulebook(), thick[:4], thin[:1]).means["targeted"] == 80


def test_an_open_channel_moves_a_section_at_most_the_cap_from_the_drawn_deviation():
    stuffed = [*lines("A", "T", "11111", times=5), *lines("A", "O", "33333", times=500)]
    rest = [*lines("B", "T", "11111", times=5), *lines("B", "O", "00000", times=500)]
    scores = scored(rulebook(), stuffed, rest)

    assert scores.sections["A"].deviations == {"targeted": 0, "other": 5}
    assert scores.sections["B"].deviations == {"targeted": 0, "other": -5}
    assert scores.sections["A"].capped == scores.sections["B"].capped == ("other",)


def test_a_deviation_exactly_at_the_cap_is_not_reported_as_capped():
    votes = [*lines("A", "T", "00000"), *lines("A", "O", "33333"), *lines("B", "O", "00000"), *lines("B", "T", "00000")]
    edge = Fraction(50, 6)

    assert scored(rulebook(**NO_MINIMUMS, cap="25/3"), votes).sections["A"].deviations["other"] == edge
    assert scored(rulebook(**NO_MINIMUMS, cap="25/3"), votes).sections["A"].capped == ()


@pytest.mark.parametrize("drawn", ["", "T"])
def test_without_a_used_drawn_channel_there_is_no_cap(drawn: str):
    votes = [*lines("A", "O", "33333", times=50), *lines("B", "O", "00000", times=50)]
    score = scored(rulebook(channels=channels(drawn)), votes).sections["A"]

    assert score.drawn_deviation == 0
    assert score.capped == ()
    assert score.value > 90


def test_severe_lines_are_shared_over_drawn_channels_only():
    parsed = method()
    counted = cells(parsed, lines("A", "T", "20000", "11111", "10000"), lines("A", "O", "33333", times=9))

    assert severe_share(parsed, counted, "A") == Fraction(1, 3)
    assert severe_share(parsed, counted, "B") == 0


@pytest.mark.parametrize(
    ("histogram", "kept"),
    [
        ({0: 9}, {0: 9}),
        ({0: 1, 5: 8, 9: 1}, {5: 8}),
        ({0: 5, 9: 5}, {0: 4, 9: 4}),
        ({0: 1, 1: 1, 2: 16, 3: 2}, {2: 16}),
        ({7: 19}, {7: 17}),
        ({}, {}),
    ],
)
def test_trimming_leaves_out_the_highest_and_lowest_tenth(histogram: dict[int, int], kept: dict[int, int]):
    trimmed = trim(Cell(lines=sum(histogram.values()), histogram=histogram))

    assert trimmed.histogram == kept
    assert trimmed.lines == sum(kept.values())
    assert trimmed.total == sum(q * times for q, times in kept.items())


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("1/20000", "1/10000"), ("-1/20000", "-1/10000"), ("49/1000000", "0"), ("-49/1000000", "0"), ("2/3", "0.6667")],
)
def test_halves_are_rounded_away_from_zero(exact: str, rounded: str):
    assert four_decimals(Fraction(exact)) == Fraction(rounded)


def test_a_lone_section_without_any_variance_setting_does_not_divide_by_zero():
    parsed = method(nu0=0, v_prior=0)
    counted = cells(parsed, lines("A", "T", "11111"))

    assert variances(parsed, counted, score_sections(parsed, counted)) == {"A": 0, "B": 0, "C": 0}


def test_twenty_thousand_lines_are_read_counted_and_scored_in_seconds(capsys: pytest.CaptureFixture[str]):
    book = rulebook(sections=[f"D{n:03d}" for n in range(105)])
    chance = random.Random(1)
    sent = [
        Line(
            chance.choice(book["sections"]),
            chance.choice(CHANNELS),
            tuple(chance.choice([None, 0, 1, 2, 3]) for _ in range(5)),
        )
        for _ in range(20_000)
    ]
    rows = ballots_csv(sent)

    started = time.process_time()
    result = recount(rows, book).result
    spent = time.process_time() - started

    with capsys.disabled():
        sys.stdout.write(f"\n20,000 lines, 105 sections: {spent:.2f} CPU-s (target 2)\n")
    assert result.startswith(b'{"channel_means"')
