"""The number of ballots that a section should have in the next round (method.md 3.6)."""

from fractions import Fraction

from evaluations.scoring.index import cell_variances, score_sections
from evaluations.scoring.sample_size import recommended_lines
from tests.evaluations.scoring.examples import cells, lines, method


def recommend(margin):
    parsed = method()
    counted = cells(parsed, lines("A", "T", "00123", "33210", times=20), lines("B", "T", "11111", times=5))
    scores = score_sections(parsed, counted)
    spread = cell_variances(parsed, counted, scores)
    return parsed, spread, recommended_lines(parsed, counted, scores.weights, spread, Fraction(margin))


def test_it_is_the_fewest_that_keeps_the_margin():
    parsed, of_line, found = recommend(2)

    spread = of_line["A"]["targeted"]
    goal = (Fraction(2) / parsed.z) ** 2
    assert found["A"] > parsed.min_lines
    assert spread / (found["A"] + parsed.prior_ballots) <= goal
    assert spread / (found["A"] - 1 + parsed.prior_ballots) > goal


def test_a_closer_margin_asks_for_more_and_never_for_less_than_the_minimum():
    close, wide = recommend(3)[2], recommend(40)[2]

    assert all(close[s] >= wide[s] for s in close)
    assert set(wide.values()) == {30}


def test_without_a_ballot_it_is_the_minimum():
    parsed = method()

    assert recommended_lines(parsed, {}, {}, {}, Fraction(4)) == dict.fromkeys("ABC", 30)
