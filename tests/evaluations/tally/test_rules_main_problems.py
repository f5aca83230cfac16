"""Main problems: proposed from the ticks, never 贪, never from fewer than five."""

from collections import Counter
from dataclasses import replace

import pytest

from evaluations.scoring.questionnaire import DEFAULT
from evaluations.tally.rules.main_problems import is_greedy, propose_problems, usual_scores

SIGNS = {
    code: {"text": text, "indicator": indicator}
    for code, text, indicator in [
        ("COLD-1", "态度生硬", "cold"),
        ("COLD-2", "爱理不理", "cold"),
        ("LAZY-1", "办事拖拉", "lazy"),
        ("BUCK-1", "来回推诿", "buck_passing"),
        ("GREE-1", "吃拿卡要", "greedy"),
    ]
}
ROW = {"indicators": {"cold": "10", "lazy": "30", "buck_passing": "20", "disorderly": "5", "greedy": "90"}}


@pytest.mark.parametrize(
    ("ticks", "problems"),
    [
        ({"LAZY-1": 7, "COLD-1": 9}, "态度生硬；办事拖拉"),
        ({"LAZY-1": 5, "COLD-1": 4}, "办事拖拉"),
        ({"COLD-2": 8, "COLD-1": 8, "LAZY-1": 8, "BUCK-1": 8}, "来回推诿；态度生硬；爱理不理"),
        ({"GREE-1": 50, "LAZY-1": 5}, "办事拖拉"),
        ({"GONE-1": 50, "LAZY-1": 5}, "办事拖拉"),
        ({"GREE-1": 50}, "群众反映“懒”“推”问题较为集中"),
        ({}, "群众反映“懒”“推”问题较为集中"),
    ],
)
def test_the_three_most_ticked_are_proposed_else_the_two_worst_indicators(ticks, problems):
    assert propose_problems(ROW["indicators"], Counter(ticks), SIGNS, DEFAULT, {}) == problems


@pytest.mark.parametrize(
    ("scores", "problems"),
    [
        ({"greedy": "90.0000"}, ""),
        ({"lazy": "3.0000", "greedy": "90.0000"}, "群众反映“懒”问题较为集中"),
        ({"lazy": "3.0000", "cold": "2.0000"}, "群众反映“懒”问题较为集中"),
        ({"lazy": "1.0000", "cold": "2.0000"}, ""),
    ],
)
def test_no_indicator_is_proposed_that_is_better_than_usual(scores, problems):
    own = dict.fromkeys(ROW["indicators"], "0.0000") | scores
    usual = usual_scores([{"indicators": {"cold": "2", "lazy": "3"}}, {"indicators": {"cold": "6", "lazy": None}}])

    assert propose_problems(own, Counter({"GREE-1": 50}), SIGNS, DEFAULT, usual) == problems


def test_nothing_is_proposed_without_ticks_and_scores():
    """A section vetoed with too few ballots has no indicators under NC-2."""
    assert propose_problems(dict.fromkeys(ROW["indicators"]), Counter(), SIGNS, DEFAULT, {}) == ""


@pytest.mark.parametrize(("text", "is_alleged"), [("收受好处", True), ("吃拿卡要", True), ("办事拖拉", False)])
def test_a_text_that_alleges_greed_is_recognised(text, is_alleged):
    assert is_greedy(text, DEFAULT) is is_alleged


def test_what_a_round_calls_it_is_an_allegation_too():
    asked = replace(DEFAULT, names={**DEFAULT.names, "greedy": "谋私"})

    assert is_greedy("谋私", asked)
    assert is_greedy("有贪腐", asked)
    assert not is_greedy("谋私", DEFAULT)
