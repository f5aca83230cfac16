"""Required content of a plan, its problems and states; bars of the timeline."""

from dataclasses import dataclass, replace
from datetime import date

import pytest

from accountability.rectifications.rules import (
    RECTIFICATION_FLOW,
    Bar,
    ItemState,
    PlanTerms,
    RectificationState,
    TermKind,
    all_closed,
    bar,
    due_error,
    plan_errors,
    problems_for_plan,
)
from nanchuan_eval.core.errors import RuleViolation

TERMS = PlanTerms(date(2020, 7, 10), date(2020, 7, 31))
SIGNS = {
    "A": {"indicator": "cold", "text": "甲"},
    "B": {"indicator": "lazy", "text": "乙"},
    "C": {"indicator": "greedy", "text": "丙"},
    "D": {"indicator": "cold", "text": "丁"},
    "E": {"indicator": "cold", "text": "戊"},
}


@dataclass
class Item:
    position: int = 1
    problem: str = "甲"
    cause: str = "因"
    goal: str = "标"
    measures: str = "施"
    leader: str = "长"
    person: str = "人"
    term: str = TermKind.BY_DATE
    due_on: date | None = date(2020, 9, 1)


@pytest.mark.parametrize(
    ("items", "opinion", "errors"),
    [
        ([Item()], "同意", []),
        ([], "同意", ["整改方案至少要有一个问题。"]),
        ([Item()], " ", ["请填写单位党委（党组）意见。"]),
        ([replace(Item(), cause="", due_on=None)], "同意", ["第1项“甲”还缺：原因、完成时限。"]),
        ([replace(Item(), due_on=date(2020, 7, 10))], "同意", ["第1项：完成时限应晚于公示日期。"]),
    ],
)
def test_the_errors_name_what_a_plan_lacks(items, opinion, errors):
    assert plan_errors(items, opinion, TERMS) == errors


@pytest.mark.parametrize(
    ("term", "due_on", "is_wrong"),
    [
        (TermKind.AT_ONCE, date(2020, 7, 31), False),
        (TermKind.AT_ONCE, date(2020, 8, 1), True),
        (TermKind.CONTINUING, date(2021, 8, 1), False),
        (TermKind.BY_DATE, None, False),
    ],
)
def test_only_an_immediate_item_has_a_latest_date(term, due_on, is_wrong):
    assert bool(due_error(term, due_on, TERMS)) == is_wrong


@pytest.mark.parametrize(
    ("ticks", "problems"),
    [
        ({}, []),
        ({"A": 4}, []),
        ({"A": 5, "B": 9, "C": 99}, [("lazy", "乙"), ("cold", "甲")]),
        ({"A": 5, "B": 5, "D": 5, "E": 5}, [("cold", "甲"), ("lazy", "乙"), ("cold", "丁")]),
        ({"X": 50, "A": 6}, [("cold", "甲")]),
    ],
)
def test_problems_are_the_most_ticked_signs_without_greed_and_without_few_ticks(ticks, problems):
    assert problems_for_plan(ticks, SIGNS, smallest=5) == problems


@pytest.mark.parametrize(
    ("states", "closed"),
    [([], False), ([ItemState.CLOSED], True), ([ItemState.CLOSED, ItemState.FINISHED], False)],
)
def test_a_rectification_is_complete_with_its_last_item(states, closed):
    assert all_closed(states) == closed


@pytest.mark.parametrize(
    ("start", "end", "shape"),
    [
        (date(2020, 1, 1), date(2020, 1, 11), Bar(0, 1000)),
        (date(2020, 1, 6), date(2020, 1, 11), Bar(500, 500)),
        (date(2019, 1, 1), date(2021, 1, 1), Bar(0, 1000)),
        (date(2020, 1, 6), date(2020, 1, 6), Bar(500, 8)),
    ],
)
def test_a_bar_stays_inside_its_chart(start, end, shape):
    assert bar(start, end, date(2020, 1, 1), date(2020, 1, 11)) == shape


LISTED_AGAIN = {
    RectificationState.AWAITED,
    RectificationState.RUNNING,
    RectificationState.REPORTED,
    RectificationState.ESCALATED,
}


@pytest.mark.parametrize(
    ("state", "after"), [(RectificationState.CLOSED, set()), (RectificationState.CANCELLED, LISTED_AGAIN)]
)
def test_an_ended_rectification_changes_its_state_no_more_unless_the_section_is_listed_again(state, after):
    for then in set(RectificationState) - after:
        with pytest.raises(RuleViolation):
            RECTIFICATION_FLOW.move(state, then)
