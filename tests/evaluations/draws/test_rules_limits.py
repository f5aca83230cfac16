"""Limits of removals and further rounds, at, below and above the bound (rulebook R-B)."""

from datetime import date

import pytest

from evaluations.draws.rules import RemovalReason, extension_faults, most_discretionary, removal_faults

R = RemovalReason
RULES = {
    "removal_percent": 10,
    "unreachable_calls": 3,
    "unreachable_days": 2,
    "extension_after_days": 7,
    "extension_return_percent": 60,
}
CALLS = (date(2020, 6, 1), date(2020, 6, 1), date(2020, 6, 2))


@pytest.mark.parametrize(
    ("seats", "percent", "most"),
    [
        (0, 10, 0),
        (1, 10, 1),
        (9, 10, 1),
        (10, 10, 1),
        (11, 10, 2),
        (20, 10, 2),
        (100, 10, 10),
        (101, 10, 11),
        (60, 5, 3),
        (300, 1, 3),
        (50, 100, 50),
        (200, 99, 198),
        (50, 0, 0),
    ],
)
def test_the_cap_is_the_percentage_rounded_up(seats, percent, most):
    assert most_discretionary(seats, percent) == most


def faults(reason=R.INELIGIBLE, before=(), calls=CALLS, seats=20):
    return removal_faults(reason, before=before, seats=seats, calls=calls, rules=RULES)


@pytest.mark.parametrize(
    ("before", "is_refused"),
    [
        ([], False),
        ([R.CONFLICT], False),
        ([R.CONFLICT, R.UNREACHABLE], True),
        ([R.CONFLICT, R.UNREACHABLE, R.INELIGIBLE], True),
        ([R.CONFLICT, R.REFUSED, R.REFUSED, R.REFUSED], False),
        ([R.REFUSED, R.CONFLICT, R.CONFLICT], True),
    ],
)
@pytest.mark.parametrize("reason", [R.CONFLICT, R.UNREACHABLE, R.INELIGIBLE])
def test_of_twenty_seats_two_may_be_removed_at_discretion(reason, before, is_refused):
    expected = ["因失联、回避、不符合条件移除的人数已达上限（2人），只能移除本人拒绝参加的人员。"] if is_refused else []

    assert faults(reason, before) == expected


@pytest.mark.parametrize("before", [[], [R.CONFLICT] * 2, [R.CONFLICT] * 20])
def test_a_person_who_refuses_can_always_be_removed(before):
    assert faults(R.REFUSED, before, calls=()) == []


@pytest.mark.parametrize(
    ("days", "is_enough"),
    [
        ([], False),
        ([1, 2], False),  # two days, but only two calls
        ([1, 1, 1], False),  # three calls, but on one day
        ([1, 1, 2], True),
        ([1, 2, 3], True),
        ([1, 1, 1, 1, 2], True),
    ],
)
def test_unreachable_means_three_calls_on_two_days(days, is_enough):
    expected = [] if is_enough else ["认定失联须至少拨打3次、分在2天，请填写每次拨打的日期。"]

    assert faults(R.UNREACHABLE, calls=[date(2020, 6, day) for day in days]) == expected


@pytest.mark.parametrize("reason", [R.REFUSED, R.CONFLICT, R.INELIGIBLE])
def test_other_reasons_need_no_calls(reason):
    assert faults(reason, calls=()) == []


def test_both_faults_are_returned_at_once():
    assert len(faults(R.UNREACHABLE, [R.CONFLICT] * 2, calls=())) == 2


@pytest.mark.parametrize(("days_open", "shown"), [(-1, 0), (0, 0), (1, 1), (6, 6), (7, None), (8, None)])
def test_a_further_round_waits_until_the_seventh_day(days_open, shown):
    expected = [] if shown is None else [f"开始投票满7日后方可启动追加抽取，目前为第{shown}日。"]

    assert extension_faults(days_open=days_open, issued=10, returned=0, rules=RULES) == expected


@pytest.mark.parametrize(
    ("issued", "returned", "is_refused"),
    [(10, 5, False), (10, 6, True), (10, 7, True), (1000, 599, False), (1000, 600, True), (1000, 594, False)],
)
def test_a_further_round_needs_a_return_below_sixty_percent(issued, returned, is_refused):
    expected = [f"已收回{returned}张（发出{issued}张），回收率不低于60%，不能启动追加抽取。"] if is_refused else []

    assert extension_faults(days_open=7, issued=issued, returned=returned, rules=RULES) == expected
