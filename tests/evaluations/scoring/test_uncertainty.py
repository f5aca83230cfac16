"""The probability of being among the listed: close to exact, deterministic, fast, never a division by zero."""

import sys
import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given

from evaluations.scoring.counting import Line
from evaluations.scoring.uncertainty import WEIGHTS, as_tenths, top_probabilities
from tests.evaluations.scoring.examples import judge, rounds, untimed
from tests.evaluations.scoring.oracle import Oracle

ONE = Fraction(1)


def test_the_grid_weights_sum_to_1():
    assert len(WEIGHTS) == 33
    assert sum(WEIGHTS) == pytest.approx(1)


def test_equal_sections_share_the_places_equally():
    chances = top_probabilities(dict.fromkeys("ABCD", ONE), dict.fromkeys("ABCD", ONE), 1)

    assert chances == pytest.approx(dict.fromkeys("ABCD", 0.25), abs=1e-4)


def test_the_probabilities_sum_to_the_places():
    scores = {f"D{n}": Fraction(n * n % 37, 3) for n in range(30)}
    chances = top_probabilities(scores, {s: 4 + score / 10 for s, score in scores.items()}, 10)

    assert sum(chances.values()) == pytest.approx(10, abs=0.01)


def test_a_far_harder_section_is_certain():
    chances = top_probabilities({"A": Fraction(90), "B": Fraction(10)}, dict.fromkeys("AB", ONE), 1)

    assert chances == pytest.approx({"A": 1, "B": 0}, abs=1e-9)


def test_without_any_spread_ties_are_halves_and_the_rest_is_certain():
    scores = {"A": Fraction(9), "B": Fraction(5), "C": Fraction(5), "D": Fraction(1)}

    assert top_probabilities(scores, dict.fromkeys("ABCD", Fraction(0)), 2) == pytest.approx(
        {"A": 1, "B": 0.5, "C": 0.5, "D": 0}
    )


@pytest.mark.parametrize(("seats", "chance"), [(-1, 0.0), (0, 0.0), (3, 1.0), (10, 1.0)])
def test_no_place_is_impossible_and_a_place_for_everybody_certain(seats: int, chance: float):
    names = dict.fromkeys("ABC", ONE)

    assert top_probabilities(names, names, seats) == pytest.approx(dict.fromkeys("ABC", chance))


def test_nobody_to_compare_with_is_certain():
    assert top_probabilities({"A": ONE}, {"A": ONE}, 1) == pytest.approx({"A": 1.0})
    assert top_probabilities({}, {}, 1) == {}


def test_the_order_of_sections_does_not_matter():
    scores = {f"D{n}": Fraction(n * n % 37, 3) for n in range(30)}
    backwards = dict(reversed(scores.items()))
    spread = dict.fromkeys(scores, Fraction(7, 3))

    assert top_probabilities(scores, spread, 10) == top_probabilities(backwards, spread, 10)


@untimed
@given(rounds(basis="difficulty", min_lines=0))
def test_the_recursion_agrees_with_enumerating_who_is_harder(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    oracle = Oracle(book, all_lines)
    assume(oracle.placed)

    for section, row in judge(book, all_lines).items():
        if section in oracle.placed:
            assert float(row["p_top"]) == pytest.approx(oracle.p_top(section), abs=6e-5)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "约0%"),
        (0.04, "约0%"),
        (0.05, "约10%"),
        (0.25, "约30%"),
        (0.349, "约30%"),
        (0.7, "约70%"),
        (1.0, "约100%"),
    ],
)
def test_probabilities_are_shown_in_steps_of_ten_percent(probability: float, words: str):
    assert as_tenths(probability) == words


def test_105_sections_take_less_than_half_a_second(capsys: pytest.CaptureFixture[str]):
    scores = {f"D{n:03d}": Fraction(n * n % 211, 7) for n in range(105)}
    spread = {s: 4 + score / 10 for s, score in scores.items()}

    started = time.process_time()
    chances = top_probabilities(scores, spread, 10)
    spent = time.process_time() - started

    with capsys.disabled():
        sys.stdout.write(f"\np_top of 105 sections: {spent:.2f} CPU-s (target 0.5)\n")
    assert len(chances) == 105
