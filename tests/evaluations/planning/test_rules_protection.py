from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.planning.rules.inputs import Inputs
from evaluations.planning.rules.protection import MOST_LINES, evaluators_needed, margin, models, usual_lines
from evaluations.scoring.nc2.method import parse_method_two
from tests.evaluations.planning.examples import inputs, last, method, sampled_drawn

MODEL = models(method(), Inputs())["targeted"]


def test_the_needed_lines_are_those_of_the_specification():
    assert [MODEL.needed_lines(bought) for bought in (4, 8, 12, 16)] == [16, 37, 58, 79]
    assert [MODEL.needed_lines(bought, general=0) for bought in (4, 8, 12, 16)] == [17, 39, 60, 81]


def test_a_flat_district_cannot_be_protected():
    flat = models(method(), inputs(model__lead=3))["targeted"]

    assert (flat.needed_lines(8) or 0) > 220
    assert models(method(), inputs(model__lead=1))["targeted"].needed_lines(8) is None


def test_one_line_ballots_cost_more_the_larger_their_share():
    assert [MODEL.needed_lines(12, general) for general in (58, 40, 0)] == [58, 59, 60]


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(2, 20))
def test_more_bought_ballots_never_need_fewer_lines(few, more, lead):
    model = models(method(), inputs(model__lead=lead))["targeted"]

    needed = [model.needed_lines(bought) or MOST_LINES + 1 for bought in (few, few + more)]
    assert needed[0] <= needed[1]


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 200), st.integers(0, 200))
def test_more_lines_never_make_a_section_easier_to_buy(bought, lines, more):
    assert MODEL.is_safe(bought, lines, MOST_LINES) <= MODEL.is_safe(bought, lines + more, MOST_LINES)


def test_a_larger_gap_a_lower_line_cap_and_a_larger_risk_need_fewer_lines():
    needed = MODEL.needed_lines(8) or 0

    assert models(method(), inputs(model__lead=9))["targeted"].needed_lines(8) < needed
    assert models(method(line_cap="40"), Inputs())["targeted"].needed_lines(8) < needed
    assert models(method(), inputs(risk_percent=20))["targeted"].needed_lines(8) < needed


def test_the_last_round_gives_gap_mean_and_lines():
    before = last({"D01-01": {"sampled": 20, "other": 50}, "D01-02": {"sampled": 22, "other": 60}}, lead=8.0)

    model = models(method(), Inputs(), before)["targeted"]

    assert (model.lead, model.mean) == (7.0, 14.0)
    assert usual_lines(Inputs(), before, "sampled") == 21
    assert usual_lines(inputs(model__lines__sampled=5), before, "sampled") == 5


def test_where_two_channels_are_drawn_each_has_its_own_need():
    found = models(parse_method_two(sampled_drawn()), Inputs())

    assert set(found) == {"targeted", "sampled"}
    assert (found["sampled"].needed_lines(12) or 0) < (found["targeted"].needed_lines(12) or 0) < 58


@pytest.mark.parametrize(
    ("lines", "disagreement", "published"),
    [(40, 1.4, 3.9), (60, 1.4, 3.8), (80, 1.4, 3.6), (100, 1.4, 3.6), (40, 16, 7.6), (100, 16, 7.4)],
)
def test_the_margin_is_near_the_specification_and_hardly_falls_beyond_eighty_lines(lines, disagreement, published):
    general = {"targeted": 0.0, "sampled": 12.0, "other": 45.0}

    found = margin(method(), Inputs(), general | {"targeted": lines}, general, disagreement)

    assert abs(found - published) < 0.06


def test_evaluators_are_as_many_as_bring_every_section_its_lines():
    given_inputs = inputs(targeted__return_percent=60, targeted__sections=14)

    assert evaluators_needed(105, 58, given_inputs) == 764
    assert isclose(763.2, 105 * 58 / (0.6 * 14 * 0.95), abs_tol=0.1)
