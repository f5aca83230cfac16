"""No set of wrong ballots moves a pair further than the bound says (docs/sample-audit.md 2)."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.evaluations.sample_audit.examples import count, honest, wrongly
from tests.evaluations.scoring.nc2.examples import channels, method

LEVELS = {"A": 1.6, "B": 1.1, "C": 0.8, "D": 0.9}
# Wide enough that the bound is looked for over many wrong ballots.
LIMIT = Fraction(30)


@st.composite
def cases(draw):
    rng = Random(draw(st.integers()))
    book = method(
        channels=channels(draw(st.sampled_from(["T", "", "TS"]))),
        rater_sweeps=draw(st.integers(0, 3)),
        rater_prior=draw(st.sampled_from([1, "3/2"])),
        cell_min_lines=draw(st.integers(1, 8)),
        follow=draw(st.sampled_from(["1", "1/2", "0"])),
        cap=draw(st.sampled_from(["4", "1", "30"])),
        line_cap=draw(st.sampled_from(["50", "100"])),
    )
    ballots = {c: draw(st.sampled_from([0, 12, 60])) for c in book.channels}
    assume(sum(ballots.values()))
    wrong = {c: min(n, draw(st.integers(0, 3))) for c, n in ballots.items()}
    return rng, book, ballots, wrong


@settings(max_examples=60, deadline=None)
@given(cases())
def test_wrong_ballots_move_a_pair_at_most_as_far_as_the_bound(case):
    rng, book, ballots, wrong = case
    votes = honest(rng, LEVELS, ballots)
    bent, _ = wrongly(rng, votes, wrong, up="B", down="A")
    truth, told = count(book, votes), count(book, bent)

    bound = told.influence.per_ballot(("A", "B"), LIMIT, told.counted)
    most = sum(wrong[c] * bound[c] for c in wrong)

    assert abs(truth.lead("A", "B") - told.lead("A", "B")) <= most + Fraction(4, 10_000) or most >= LIMIT


@pytest.mark.parametrize(("sweeps", "lines"), [(0, 4), (2, 1)])
def test_a_plain_ballot_moves_a_pair_by_its_line(sweeps, lines):
    told = count(method(rater_sweeps=sweeps), honest(Random(1), LEVELS, {"targeted": 400}, lines), lines)
    n = told.influence.ballots.cells["A", "targeted"].lines

    bound = told.influence.per_ballot(("A", "B"), LIMIT, told.counted)["targeted"]

    assert 50 / (n + 10) < bound < 500 / (n + 10)


def test_fewer_sections_on_a_ballot_lower_the_bound():
    votes = honest(Random(2), LEVELS, {"targeted": 200, "other": 50}, 2)
    rounds = [count(method(), votes, most) for most in (2, 4)]

    tight, wide = (told.influence.per_ballot(("A", "B"), LIMIT, told.counted) for told in rounds)

    assert tight["targeted"] < wide["targeted"]
