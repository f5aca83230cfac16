from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.planning.rules.inputs import Inputs
from evaluations.planning.rules.lines import expected_lines, gate, is_short, one_sided, outlook, section_shares
from evaluations.scoring.nc2.method import parse_method_two
from tests.evaluations.planning.examples import SECTIONS, inputs, last, method, rulebook, sampled_drawn

FIVE = SECTIONS[:5]


def lines_of(book, given_inputs, before=None):
    return expected_lines(book, parse_method_two(book), given_inputs, before)


def test_lines_are_ballots_times_return_sections_and_valid_ones():
    found = lines_of(
        rulebook(5), inputs(known=5, targeted__ballots=100, targeted__return_percent=50, targeted__sections=2)
    )

    assert isclose(found["D01-01"]["targeted"], 100 * 0.5 * 2 * 0.95 / 5)


def test_people_and_ballots_come_from_the_rulebook_where_they_are_not_entered():
    found = lines_of(rulebook(5, evaluators=50, counted_sampled_ballots=10), inputs(known=5))

    assert isclose(found["D01-01"]["targeted"], 50 * 0.6 * 7 * 0.95 / 5)
    assert isclose(found["D01-01"]["sampled"], 10 * 4 * 0.95 / 5)


def test_issued_ballots_come_back_in_part_only():
    book = rulebook(5, sampled_forms="issued_codes", issued_ballots=100)

    assert isclose(lines_of(book, inputs(known=5))["D01-01"]["sampled"], 100 * 0.4 * 4 * 0.95 / 5)


def test_nobody_rates_more_sections_than_the_rulebook_allows():
    book = rulebook(5, max_sections={"targeted": 2, "sampled": 10, "other": 10})

    assert isclose(lines_of(book, inputs(known=5))["D01-01"]["targeted"], 1000 * 0.6 * 2 * 0.95 / 5)


def test_a_sampled_channel_of_drawn_clients_has_no_general_ballots():
    assert lines_of(sampled_drawn(5), inputs(known=5))["D01-01"]["sampled"] == 0


def test_shares_follow_the_last_round_with_one_line_more_for_everybody():
    before = last({"D01-01": {"targeted": 7}, "D01-02": {"targeted": 0}})

    shares = section_shares(["D01-01", "D01-02", "D01-03"], Inputs(), before, "targeted")

    assert shares == {"D01-01": 8 / 10, "D01-02": 1 / 10, "D01-03": 1 / 10}


def test_without_a_last_round_shares_follow_the_cases_and_without_cases_they_are_equal():
    cases = inputs({"D01-01": {"cases": 30}, "D01-02": {"cases": 10}}, known=2)

    assert section_shares(SECTIONS[:2], cases, None, "targeted") == {"D01-01": 0.75, "D01-02": 0.25}
    assert section_shares(SECTIONS[:2], Inputs(), None, "targeted") == {"D01-01": 0.5, "D01-02": 0.5}


def test_ballots_that_name_their_sections_spread_evenly():
    before = last({"D01-01": {"targeted": 99}})
    found = lines_of(rulebook(5), inputs(known=5, targeted__even="yes"), before)

    assert len({of["targeted"] for of in found.values()}) == 1


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIVE), st.integers(0, 10_000)), st.booleans())
def test_shares_sum_to_one(numbers: dict[str, int], is_last: bool):
    before = last({section: {"other": n} for section, n in numbers.items()}) if is_last else None
    cases = {} if is_last else {section: {"cases": numbers.get(section, 0)} for section in FIVE}

    assert isclose(sum(section_shares(FIVE, inputs(cases, known=5), before, "other").values()), 1)


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(0, 2000), st.integers(1, 100), st.integers(0, 99))
def test_more_evaluators_or_a_better_return_never_lower_what_is_expected(few, more, percent, better):
    book = rulebook(5)

    def found(ballots, percent):
        return lines_of(book, inputs(known=5, targeted__ballots=ballots, targeted__return_percent=percent))

    before, after = found(few, percent), found(few + more, min(100, percent + better))
    assert all(after[s][c] >= before[s][c] for s in before for c in before[s])
    outlooks = [outlook(method(), Inputs(), of["D01-01"]) for of in (before, after)]
    assert outlooks[0].is_thin >= outlooks[1].is_thin


@pytest.mark.parametrize(("expected", "is_thin"), [(16.6, True), (16.8, False), (0, True)])
def test_lines_are_short_if_chance_may_take_them_below_the_minimum(expected, is_thin):
    assert is_short(expected, 10, one_sided(Inputs())) is is_thin


def test_no_minimum_is_never_missed():
    assert not is_short(0.3, 0, 1.645)


def test_a_section_is_thin_in_all_its_lines_or_in_the_drawn_ones():
    enough = {"targeted": 20.0, "sampled": 12.0, "other": 45.0}

    assert not outlook(method(), Inputs(), enough).is_thin
    assert outlook(method(), Inputs(), {**enough, "targeted": 12.0}).is_thin
    assert outlook(method(), Inputs(), {**enough, "sampled": 5.0, "other": 10.0}).is_thin


def test_the_expected_gate_counts_the_sections_that_are_not_thin():
    rich, poor = ({"targeted": n, "sampled": 12.0, "other": 45.0} for n in (40.0, 4.0))
    outlooks = {str(n): outlook(method(), Inputs(), rich if n < 83 else poor) for n in range(105)}

    found = gate(method(), outlooks)

    assert (found.sections, found.ranked, found.needed, found.is_passed) == (105, 83, 84, False)


def test_the_risk_is_one_sided():
    assert round(one_sided(Inputs()), 3) == 1.645
