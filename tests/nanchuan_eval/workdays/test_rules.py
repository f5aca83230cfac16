"""Working days, months and dates in Chinese."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.workdays.rules import Calendar, add_months, add_workdays, in_chinese

FRIDAY = date(2020, 6, 19)
SATURDAY, SUNDAY, MONDAY = (FRIDAY + timedelta(days=n) for n in (1, 2, 3))
CALENDAR = Calendar(days_off=frozenset({MONDAY}), extra_workdays=frozenset({SUNDAY}))


@pytest.mark.parametrize(
    ("day", "plain", "entered"), [(FRIDAY, 1, 1), (SATURDAY, 0, 0), (SUNDAY, 0, 1), (MONDAY, 1, 0)]
)
def test_entries_go_before_the_week(day, plain, entered):
    assert Calendar().is_workday(day) is bool(plain)
    assert CALENDAR.is_workday(day) is bool(entered)


def test_a_day_entered_both_ways_is_a_working_day():
    both = frozenset({MONDAY})

    assert Calendar(days_off=both, extra_workdays=both).is_workday(MONDAY)


@pytest.mark.parametrize(("days", "due"), [(0, FRIDAY), (1, SUNDAY), (2, date(2020, 6, 23)), (3, date(2020, 6, 24))])
def test_the_start_never_counts(days, due):
    assert add_workdays(FRIDAY, days, CALENDAR) == due


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 30))
def test_as_many_working_days_pass_as_were_given(start, days):
    due = add_workdays(start, days, CALENDAR)
    passed = [start + timedelta(days=n) for n in range(1, (due - start).days + 1)]

    assert CALENDAR.is_workday(due)
    assert sum(map(CALENDAR.is_workday, passed)) == days


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        (date(2020, 1, 15), 0, date(2020, 1, 15)),
        (date(2020, 1, 31), 1, date(2020, 2, 29)),
        (date(2020, 11, 30), 3, date(2021, 2, 28)),
        (date(2020, 11, 30), 1, date(2020, 12, 30)),
        (date(2020, 12, 1), 1, date(2021, 1, 1)),
        (date(2020, 1, 1), 24, date(2022, 1, 1)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(start, months, due):
    assert add_months(start, months) == due


def test_a_date_in_chinese_has_no_zeros_in_front():
    assert in_chinese(date(2020, 6, 3)) == "2020年6月3日"
