"""Terms in working days, calendar months and years; urgency."""

from datetime import date

import pytest

from accountability.cases.rules.deadlines import (
    Terms,
    Urgency,
    after_workdays,
    freeze_end,
    urgency,
    year_end,
)
from evaluations.rounds.rules.repeat_steps import read_steps
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.workdays.rules import Calendar

NATIONAL_DAY = Calendar(
    days_off=frozenset(date(2025, 10, day) for day in range(1, 9)),
    extra_workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
)


def test_terms_come_from_the_rulebook():
    steps = read_steps(default_rulebook())

    assert len(steps) == 3
    assert Terms.of(default_rulebook()) == Terms(5, 10, 10, 3, 3, True, steps, 10, 15, 1)


def test_ten_working_days_over_the_national_holiday():
    assert after_workdays(date(2025, 9, 26), 10, NATIONAL_DAY) == date(2025, 10, 16)


def test_without_a_table_only_weekends_are_left_out():
    assert after_workdays(date(2025, 9, 26), 10, Calendar()) == date(2025, 10, 10)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2020, 7, 10), date(2020, 10, 10)),
        (date(2020, 11, 30), date(2021, 2, 28)),
        (date(2019, 11, 30), date(2020, 2, 29)),
        (date(2020, 10, 31), date(2021, 1, 31)),
    ],
)
def test_the_freeze_runs_calendar_months_clamped_to_the_months_end(start, end):
    assert freeze_end(start, 3) == end


def test_a_listing_counts_until_the_end_of_the_year():
    assert year_end(date(2020, 7, 10)) == date(2020, 12, 31)


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        (None, Urgency.NONE),
        (date(2020, 7, 9), Urgency.OVERDUE),
        (date(2020, 7, 10), Urgency.TODAY),
        (date(2020, 7, 17), Urgency.SOON),
        (date(2020, 7, 18), Urgency.LATER),
    ],
)
def test_urgency_depends_on_the_days_left(due_on, expected):
    assert urgency(due_on, date(2020, 7, 10)) == expected


@pytest.mark.parametrize(
    ("due_on", "expected"), [(date(2020, 7, 2), Urgency.ESCALATED), (date(2020, 7, 3), Urgency.OVERDUE)]
)
def test_after_a_week_overdue_it_is_escalated(due_on, expected):
    assert urgency(due_on, date(2020, 7, 10), escalate_days=7) == expected
