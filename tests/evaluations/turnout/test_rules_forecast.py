"""What is foretold of the returns: whole numbers from returned codes, the time passed and the usual curve."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.turnout.rules.forecast import (
    Group,
    SectionReturns,
    TopUp,
    curve_errors,
    foretell,
    is_too_early,
    late_warning,
    needed_ballots,
    part_passed,
    proposal,
    top_ups,
    usual_share,
)

HALF, WHOLE = Fraction(1, 2), Fraction(1)
OPENS = datetime(2026, 3, 1, tzinfo=UTC)


def section(code="D01-01", **figures):
    return SectionReturns(
        **{
            "code": code,
            "eligible": 500,
            "drawn": 100,
            "codes": 100,
            "delivered": 100,
            "returned": 21,
            "needed": 43,
            **figures,
        }
    )


def test_a_section_whose_people_get_no_codes_is_not_short():
    assert section(foretold=0).lacking == 43
    assert section(foretold=0, is_thin=True).lacking == 0


@pytest.mark.parametrize(
    ("percent", "back"), [(0, 0), (25, 40), (40, 58), (50, 70), (75, 90), (90, 96), (100, 100)], ids=str
)
def test_most_ballots_come_back_early(percent, back):
    assert usual_share(Fraction(percent, 100)) == Fraction(back, 100)


def test_returned_so_far_divided_by_the_share_that_is_usually_back():
    assert foretell(28, 100, [Group(100, HALF)]) == 40
    assert foretell(28, 100, [Group(100, WHOLE)]) == 28


def test_no_more_is_foretold_than_was_delivered():
    assert foretell(95, 100, [Group(100, HALF)]) == 100


def test_people_drawn_later_have_their_own_time():
    first, added = Group(100, HALF), Group(50, Fraction(0))

    # 28 of the first hundred will be 40; those drawn now answer as the first did.
    assert foretell(28, 150, [first, added]) == 60


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 100), st.integers(0, 100))
def test_more_returns_never_foretell_fewer(one, other, first, later):
    groups = [Group(200, Fraction(first, 100)), Group(100, Fraction(later, 100))]
    few, many = sorted((one, other))

    assert foretell(few, 300, groups) <= foretell(many, 300, groups) <= 300


def test_before_a_quarter_of_the_vote_nothing_is_foretold():
    assert is_too_early(Fraction(24, 100))
    assert not is_too_early(Fraction(25, 100))


def test_the_time_passed_lies_within_the_vote():
    end = OPENS + timedelta(days=10)

    parts = [part_passed(OPENS, end, OPENS + timedelta(days=days)) for days in (-1, 0, 5, 10, 12)]

    assert parts == [0, 0, HALF, 1, 1]


@pytest.mark.parametrize(("lines", "percent", "ballots"), [(40, 95, 43), (40, 100, 40), (38, 95, 40), (0, 95, 0)])
def test_more_ballots_are_needed_than_valid_lines(lines, percent, ballots):
    assert needed_ballots(lines, percent) == ballots


@pytest.mark.parametrize(
    "curve", [{}, {0: 40}, {50: 100}, {25: 40, 50: 40}, {25: 60, 50: 40}], ids=["none", "0", "100", "level", "falls"]
)
def test_a_curve_that_does_not_rise_is_refused(curve):
    assert curve_errors(curve)


def test_a_curve_may_have_one_point():
    assert curve_errors({30: 50}) == []


class TestTheProposal:
    def test_says_nothing_where_every_section_has_enough(self):
        assert proposal([section(foretold=43)], []) == []

    def test_says_nothing_before_anything_is_foretold(self):
        assert proposal([section(foretold=None)], []) == []

    def test_names_the_people_drawn_more_and_the_sections_that_stay_short(self):
        sections = [section("A", foretold=30), section("B", foretold=10), section("C", foretold=90)]
        rounds = [dict.fromkeys("ABC", 150), dict.fromkeys("ABC", 200)]

        ups = list(top_ups(sections, rounds))

        assert ups == [TopUp(1, 150, ("B",), ()), TopUp(2, 300, ("B",), ())]
        assert proposal(sections, ups) == [
            "2个科室预计收不满。",
            "启动第1次追加抽取，共多抽150人，预计还有1个科室收不满。",
        ]

    def test_says_that_only_the_second_further_round_suffices(self):
        sections = [section(foretold=22)]

        said = proposal(sections, list(top_ups(sections, [{"D01-01": 150}, {"D01-01": 200}])))

        assert "仅启动第1次追加抽取（多抽50人），预计还有1个科室收不满" in said[1]
        assert "到第2次追加抽取共多抽100人，预计还有0个" in said[1]

    def test_says_that_nobody_is_left_to_be_drawn(self):
        sections = [section("A", foretold=30, eligible=100), section("B", foretold=30)]

        said = proposal(sections, list(top_ups(sections, [{"A": 100, "B": 150}])))

        assert said[1:] == [
            "启动第1次追加抽取，共多抽50人，预计还有1个科室收不满。",
            "其中1个科室的办事群众到第1次追加抽取时已全部抽取，再追加也不会增加。",
        ]

    def test_names_the_further_round_by_which_nobody_is_left(self):
        sections = [section("A", foretold=10, eligible=200)]

        said = proposal(sections, list(top_ups(sections, [{"A": 150}, {"A": 200}])))

        assert said[1:] == [
            "启动第1次追加抽取，共多抽50人，预计还有1个科室收不满。",
            "其中1个科室的办事群众到第2次追加抽取时已全部抽取，再追加也不会增加。",
        ]

    def test_says_that_a_further_round_would_add_nobody(self):
        sections = [section(foretold=30, eligible=100)]

        assert "已全部抽取" in proposal(sections, list(top_ups(sections, [{"D01-01": 100}])))[1]

    def test_says_that_no_further_round_is_left(self):
        assert "已全部启动" in proposal([section(foretold=30)], [])[1]


def test_with_few_days_left_letters_are_warned_of():
    assert late_warning(5, 5) == ""
    assert "不足5天" in late_warning(4, 5)
