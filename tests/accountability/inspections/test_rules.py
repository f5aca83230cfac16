"""Visit days derived from the seed."""

import hashlib
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from accountability.inspections.rules import visit_days, workdays_between
from nanchuan_eval.workdays.rules import Calendar

DAYS = [date(2020, 7, day) for day in (20, 21, 22, 23, 24)]
CODES = [f"D{n:02}-01" for n in range(1, 39)]


@given(st.text(min_size=1, max_size=64))
def test_the_days_depend_on_the_seed_only(seed):
    days = visit_days(seed, CODES, DAYS)

    assert days == visit_days(seed, reversed(CODES), DAYS)
    assert set(days) == set(CODES)
    assert set(days.values()) <= set(DAYS)


def test_the_days_are_spread():
    assert len(set(visit_days("a" * 64, CODES, DAYS).values())) == len(DAYS)


def test_another_seed_gives_other_days():
    assert visit_days("a" * 64, CODES, DAYS) != visit_days("b" * 64, CODES, DAYS)


def test_a_day_can_be_recomputed_with_sha256sum():
    digest = hashlib.sha256(b"nanchuan-inspection/1\n" + b"00" * 32 + b"\nD01-01").hexdigest()

    assert visit_days("00" * 32, ["D01-01"], DAYS)["D01-01"] == DAYS[int(digest[:16], 16) % len(DAYS)]


def test_holidays_are_left_out_and_make_up_saturdays_included():
    calendar = Calendar(days_off=frozenset({date(2020, 7, 20)}), extra_workdays=frozenset({date(2020, 7, 25)}))

    assert workdays_between(date(2020, 7, 18), date(2020, 7, 25), calendar) == [*DAYS[1:], date(2020, 7, 25)]
