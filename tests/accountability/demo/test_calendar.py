"""Terms of the demonstration end before the story goes on, on whatever day it is told."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.demo.calendar import Calendar
from nanchuan_eval.workdays import rules as workdays

HOLIDAYS = workdays.Calendar(frozenset(date(2026, 10, day) for day in range(1, 8)), frozenset())


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 11, 29), 3),  # between 11 and 16 November
        (date(2026, 10, 20), 0),  # between 2 and 7 October
        (date(2026, 10, 22), 2),  # between 4 and 9 October
    ],
)
def test_a_long_holiday_shortens_the_objection_period(today, days):
    assert Calendar(today).workdays(18, 13, 3, HOLIDAYS) == days


@given(today=st.dates(date(2026, 1, 1), date(2027, 12, 31)), most=st.integers(0, 10))
def test_a_term_never_ends_after_its_last_day(today, most):
    calendar = Calendar(today)

    days = calendar.workdays(18, 13, most, HOLIDAYS)

    assert 0 <= days <= most
    assert not days or workdays.add_workdays(calendar.on(18), days, HOLIDAYS) <= calendar.on(13)
