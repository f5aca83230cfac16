"""How many ballots to compare: the formula, the claims, and that a planted wrong pair is found."""

from fractions import Fraction
from math import comb, prod
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.sample_audit.rules.drawing import draw_sample, sample_seed
from evaluations.sample_audit.rules.sizes import plan_sample, sample_size
from evaluations.scoring.result import CERTAIN
from tests.evaluations.sample_audit.examples import count, honest, wrongly
from tests.evaluations.scoring.nc2.examples import method

RISK = Fraction(1, 20)
LEVELS = {"A": 1.9, "B": 0.9, "C": 0.8, "D": 0.7}


def missed(ballots, wrong, size):
    """The chance that none of the wrong ballots is in a sample without replacement."""
    return Fraction(comb(ballots - wrong, size), comb(ballots, size))


@pytest.mark.parametrize(
    ("ballots", "margin", "each", "size"),
    [
        (1000, 1, 1, 950),
        (1000, 10, 1, 259),
        (1000, 6, 2, 632),
        (6000, 100, 1, 178),
        (0, 5, 1, 0),
        (500, 5, 0, 0),
        (1, 9, 2, 1),
    ],
)
def test_the_size_follows_from_how_many_ballots_the_margin_stands_on(ballots, margin, each, size):
    assert sample_size(ballots, Fraction(margin), Fraction(each), RISK) == size


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 12)), min_size=1, max_size=3), st.integers(1, 20), st.data()
)
def test_as_many_wrong_ballots_as_the_margin_needs_are_missed_at_most_at_the_risk(channels, margin, data):
    wrong = [data.draw(st.integers(0, ballots)) for ballots, _ in channels]
    sizes = [sample_size(ballots, Fraction(margin), Fraction(each), RISK) for ballots, each in channels]

    if sum(m * each for m, (_, each) in zip(wrong, channels, strict=True)) >= margin:
        assert prod(missed(n, m, size) for (n, _), m, size in zip(channels, wrong, sizes, strict=True)) <= RISK


def plan(told, **changed):
    return plan_sample(
        told.method, told.outcome, told.influence, told.counted, **{"risk": RISK, "least": 20, **changed}
    )


def test_only_what_the_list_calls_certain_decides_the_size():
    told = count(method(list_length=1), honest(Random(3), LEVELS, {"targeted": 900, "other": 900}))
    alike = count(method(list_length=1), honest(Random(3), dict.fromkeys(LEVELS, 1), {"targeted": 900, "other": 900}))

    assert told.outcome["A"].label == CERTAIN
    assert plan(told).confirmed == ["A"]
    assert plan(told).sizes["targeted"] > 20
    assert plan(alike).sizes == {"targeted": 20, "sampled": 0, "other": 20}
    assert plan(alike).confirmed == []


@pytest.mark.parametrize("ballots", [40, 160, 900])
def test_every_section_called_certain_is_confirmed_even_if_it_takes_all_ballots(ballots):
    told = count(method(list_length=2), honest(Random(3), LEVELS, {"targeted": ballots}))
    made = plan(told)

    assert {claim.section for claim in made.claims if claim.is_made} <= set(made.confirmed)


def test_nearly_all_of_a_channel_is_all_of_it():
    told = count(method(list_length=1), honest(Random(4), LEVELS, {"targeted": 160}))

    assert plan(told, risk=Fraction(1, 10**6)).sizes["targeted"] == 160


def test_a_list_as_long_as_the_roster_claims_nothing():
    told = count(method(list_length=4), honest(Random(3), LEVELS, {"targeted": 300}))

    assert plan(told).claims == ()


def test_a_planted_wrong_pair_is_found_in_at_least_95_of_100_audits():
    """A is in truth easier than B; the fewest wrong ballots that hide it are planted, then 400 audits are drawn."""
    rng, book = Random(5), method(list_length=1, rater_sweeps=0)
    votes = honest(rng, {"A": 0.8, "B": 0.9, "C": 0.6, "D": 0.5}, {"targeted": 300, "other": 300})
    truth = count(book, votes)
    told, bent = _planted(rng, book, votes)
    made = plan(told)
    receipts = {c: [name for name, (of, _) in votes.items() if of == c] for c in book.channels}

    found = sum(
        any(bent & set(drawn) for drawn in draw_sample(sample_seed("0", f"{n:020}"), receipts, made.sizes).values())
        for n in range(400)
    )

    assert truth.lead("A", "B") < 0
    assert made.confirmed == ["A"]
    assert found >= 380


def _planted(rng, book, votes):
    for wrong in range(5, 300, 5):
        bent, names = wrongly(rng, votes, {"targeted": wrong}, up="A", down="B")
        told = count(book, bent)
        if told.outcome["A"].label == CERTAIN:
            return told, names
    raise AssertionError("no list was turned")
