"""Means, deviations and variances of cells."""

from fractions import Fraction

import pytest

from evaluations.scoring.nc2.disagreement import Spread, between_variance
from evaluations.scoring.nc2.index import Figures, score_ballots
from tests.evaluations.scoring.examples import channels
from tests.evaluations.scoring.nc2.examples import NO_MINIMUMS, Votes, ballots, counted, method, rulebook


def figures(*votes: Votes, **changes: object) -> Figures:
    return score_ballots(*counted(rulebook(**{**NO_MINIMUMS, **changes}), *votes))[0]


def deviation(found: Figures, section: str, channel: str) -> Fraction:
    return found.cells[section][channel].deviation


DRAWN = ballots("T", {"A": "33333"}, {"B": "00000"}, times=10)
# A: (500 - 10 * 25) / 20, B: the same downwards.
UP = Fraction(25, 2)


def test_a_channel_that_says_nothing_about_a_section_follows_the_drawn_one():
    found = figures(DRAWN, ballots("O", {"C": "11111"}, {"D": "11111"}, times=10))

    assert deviation(found, "A", "targeted") == deviation(found, "A", "other") == UP
    assert deviation(found, "C", "targeted") == deviation(found, "C", "other") == 0


@pytest.mark.parametrize(("follow", "expected"), [("0", UP - 4), ("4/5", UP * 4 / 5), ("1", UP)])
def test_it_follows_as_far_as_the_rulebook_says_and_stays_within_the_cap(follow: str, expected: Fraction):
    found = figures(DRAWN, ballots("O", {"C": "11111"}, times=10), follow=follow)

    assert deviation(found, "A", "other") == expected


def test_the_cap_holds_a_stuffed_channel_and_is_off_without_a_drawn_one():
    stuffed = ballots("O", {"A": "00000", "B": "33333"}, times=90)

    assert [deviation(figures(DRAWN, stuffed), s, "other") for s in "AB"] == [UP - 4, 4 - UP]
    assert deviation(figures(stuffed), "B", "other") == Fraction(45, 2)


def test_a_capped_deviation_is_published_as_it_is_computed_with():
    votes = [*DRAWN, *ballots("S", {"A": "10000"}, {"B": "00000"}, times=7), *ballots("O", {"B": "33333"}, times=90)]
    found = figures(votes, channels=channels("TS"), cap="1/3")
    e = [
        sum(w * deviation(found, s, c) for c, w in (("targeted", Fraction(5, 8)), ("sampled", Fraction(3, 8))))
        for s in "AB"
    ]

    assert deviation(found, "B", "other") == Fraction(round((e[1] + Fraction(1, 3)) * 10_000), 10_000)
    assert (deviation(found, "B", "other") - e[1]).denominator > 10_000


def test_means_are_plain_over_the_visible_cells():
    found = figures(ballots("T", {"A": "33333"}, times=5), ballots("T", {"B": "00000"}, times=25), cell_min_lines=5)
    fewer = figures(ballots("T", {"A": "33333"}, times=4), ballots("T", {"B": "00000"}, times=25), cell_min_lines=5)

    assert found.means == {"targeted": 25}
    assert fewer.means == {"targeted": 0}


def test_variance_is_pooled_where_nothing_is_known():
    found = figures(ballots("T", {"A": "33333"}, {"A": "00000"}, times=5), nu0=0, v_prior="0")

    # Ten lines of 50 and 0: SS = 6250, V = 625, u = 6250/9.
    assert found.cells["B"]["targeted"].variance == Fraction("62.5")
    assert found.cells["A"]["targeted"].variance == Fraction("34.7222")


def spread(gaps: dict[tuple[str, str], int], lines: int = 10) -> Spread:
    """Cells without variance of their own, so that their disagreement is told by the gaps alone."""
    channels_ = dict.fromkeys((c for _, c in gaps), Fraction(0))
    return Spread(
        10,
        channels_,
        dict.fromkeys(gaps, Fraction(0)),
        dict.fromkeys(gaps, lines),
        {k: Fraction(v) for k, v in gaps.items()},
    )


GAPS = {("A", "targeted"): 3, ("A", "other"): 1, ("B", "targeted"): 5, ("B", "other"): 1}


def squared(gap: int) -> Fraction:
    return gap**2 / Fraction("0.4549") / 2


def test_disagreement_is_half_the_median_excess():
    both = method(pair_min_count=2)
    three = GAPS | {("C", "targeted"): 100, ("C", "other"): 0}

    assert between_variance(both, spread(GAPS)) == Fraction(round((squared(2) + squared(4)) / 2 * 10_000), 10_000)
    assert between_variance(both, spread(three)) == Fraction(round(squared(4) * 10_000), 10_000)


def test_too_few_pairs_or_lines_leave_the_prior():
    assert between_variance(method(pair_min_count=3), spread(GAPS)) == 4
    assert between_variance(method(pair_min_count=2, pair_min_lines=11), spread(GAPS)) == 4
    assert between_variance(method(pair_min_count=2, pair_min_lines=10), spread(GAPS)) != 4
    assert between_variance(method(between_prior="1/3"), spread({})) == Fraction("0.3333")


def test_a_section_without_lines_in_one_of_two_channels_tells_nothing():
    lone = spread({("A", "targeted"): 5, ("B", "other"): 5})

    assert between_variance(method(pair_min_count=1, pair_min_lines=1), lone) == 4


def test_only_pairs_with_a_drawn_channel_are_compared_where_there_is_one():
    open_ = {("A", "sampled"): 9, ("A", "other"): 0}
    with_drawn = open_ | {("A", "targeted"): 0}

    assert between_variance(method(pair_min_count=1), spread(open_)) == Fraction(round(squared(9) * 10_000), 10_000)
    # targeted/sampled differ by 9, targeted/other by 0; sampled/other is left out.
    assert between_variance(method(pair_min_count=3), spread(with_drawn)) == 4
    assert between_variance(method(pair_min_count=2), spread(with_drawn)) == Fraction(
        round(squared(9) / 2 * 10_000), 10_000
    )


def test_what_the_lines_own_variance_explains_is_no_disagreement():
    quiet = spread(GAPS)
    noisy = Spread(10, quiet.pooled, dict.fromkeys(GAPS, Fraction(5)), quiet.lines, quiet.gaps)

    # The mean of the two excesses, each less by 5/10 + 5/10, and half of that.
    expected = (squared(2) + squared(4)) / 2 - Fraction(1, 2)
    assert between_variance(method(pair_min_count=2), noisy) == Fraction(round(expected * 10_000), 10_000)


def test_disagreement_is_never_negative():
    quiet = spread(dict.fromkeys(GAPS, 0))
    noisy = Spread(10, quiet.pooled, dict.fromkeys(GAPS, Fraction(50)), quiet.lines, quiet.gaps)

    assert between_variance(method(pair_min_count=1), noisy) == 0
