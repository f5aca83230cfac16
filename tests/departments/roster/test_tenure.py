"""Head of a section in a period."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from departments.roster.rules.tenure import days_in_period, head_in_period

START, END = date(2020, 1, 1), date(2020, 6, 30)


@dataclass(frozen=True)
class Term:
    name: str
    starts_on: date
    ends_on: date | None = None


def day(month, number, year=2020):
    return date(year, month, number)


@pytest.mark.parametrize(
    ("tenures", "head"),
    [
        ([], None),
        ([Term("甲", day(1, 1, 2019))], "甲"),
        ([Term("甲", day(1, 1, 2019), day(5, 31)), Term("乙", day(6, 1))], "甲"),
        ([Term("甲", day(1, 1, 2019), day(2, 1)), Term("乙", day(2, 2))], "乙"),
        # 91 days each: the later one answers.
        ([Term("甲", day(1, 1), day(3, 31)), Term("乙", day(4, 1))], "乙"),
        ([Term("乙", day(4, 1)), Term("甲", day(1, 1), day(3, 31))], "乙"),
        ([Term("甲", day(1, 1, 2018), day(12, 31, 2019))], None),
        ([Term("甲", day(7, 1))], None),
        ([Term("甲", day(6, 30))], "甲"),
        # One person twice, under two spellings: 104 days against 78.
        (
            [Term("陈刚", day(1, 1), day(2, 21)), Term("李明", day(2, 22), day(5, 9)), Term("陈 刚", day(5, 10))],
            "陈 刚",
        ),
        ([Term("甲", day(1, 1, 2018), day(1, 1))], "甲"),
    ],
)
def test_the_head_with_more_days_is_responsible_and_the_later_one_in_a_tie(tenures, head):
    found = head_in_period(tenures, START, END)

    assert (found and found.name) == head


@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(0, 400)), max_size=6))
def test_nobody_served_longer_than_the_head(spans):
    terms = [
        Term(str(n), START + timedelta(first), START + timedelta(first + length))
        for n, (first, length) in enumerate(spans)
    ]
    head = head_in_period(terms, START, END)
    days = [days_in_period(term, START, END) for term in terms]

    assert (head is None) == (max(days, default=0) == 0)
    assert head is None or days_in_period(head, START, END) == max(days)
