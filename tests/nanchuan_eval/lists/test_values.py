"""Cells as people write them: phone numbers, days and months, numbers, codes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.lists.rules import values


@pytest.mark.parametrize(
    "text",
    [
        "13800000001",
        "+8613800000001",
        "+86 138-0000-0001",
        "008613800000001",
        "8613800000001",
        "（+86）138 0000 0001",
        "１３８０００００００１",
        "138‑0000‑0001",
        "138—0000–0001",
        "138−0000−0001",
        "'13800000001",
        "13800000001.0",
        "138\u30000000\u00a00001",
    ],
)
def test_one_phone_number_is_written_in_many_ways(text):
    assert values.phone(text) == "13800000001"


@pytest.mark.parametrize(
    "text",
    ["", "1380000000", "138000000011", "23800000001", "02371421234", "1.38E+10", "13800000001/13900000001", "abc"],
)
def test_anything_else_is_no_phone_number(text):
    assert values.phone(text) == ""


@given(
    st.integers(10_000_000_000, 19_999_999_999).map(str),
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(" -‐—　"))),
)
def test_blanks_and_hyphens_within_a_number_make_no_difference(digits, inserted):
    text = list(digits)
    for at, mark in inserted:
        text.insert(at, mark)
    assert values.phone("".join(text)) == values.phone(digits)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-1",
        "2026/12/1",
        "2026.12.1",
        "2026.12.01.",
        "2026年12月1日",
        "2026年12月1",
        "２０２６年１２月１日",
        "20261201",
        "2026-12-01 00:00:00",
        "2026 年 12 月 1 日",
        "2026年12月1号",
        "2026 12 1",
        "2026年12月1日星期二",
        "2026-12-01（周二）",
    ],
)
def test_one_day_is_written_in_many_ways(text):
    assert values.day(text) == values.Span(date(2026, 12, 1), date(2026, 12, 1))


@pytest.mark.parametrize("text", ["2026年2月", "2026-2", "2026/02", "2026.2", "2026年02", "2026年2月份", "202602"])
def test_a_month_is_all_its_days(text):
    span = values.day(text)
    assert span == values.Span(date(2026, 2, 1), date(2026, 2, 28))
    assert not span.is_day


@pytest.mark.parametrize(
    "text",
    ["", "去年", "2026", "2026-13", "2026-02-30", "1900-01-01", "2026-1-1-1", "43525", "26.1.1", "2026-12-01 08:30"],
)
def test_anything_else_is_no_day(text):
    assert values.day(text) is None


@given(st.dates(date(1950, 1, 1), date(2100, 12, 31)), st.sampled_from(["-", "/", "."]))
def test_every_day_is_read_back(day, separator):
    written = f"{day.year}{separator}{day.month}{separator}{day.day}"
    assert values.day(written) == values.Span(day, day)


def test_numbers_may_be_stored_as_text_or_as_decimals():
    assert [values.number(text) for text in ("3", "３", "3.0", " 3 ")] == [3, 3, 3, 3]
    assert [values.number(text) for text in ("", "-3", "3.5", "三", "²")] == [None, None, None, None, 2]


def test_codes_in_one_cell_are_separated_by_what_people_use():
    assert values.codes("D01-01; D01-02、Ｄ０２－０１，D01-01") == ("D01-01", "D01-02", "D02-01")
    assert values.codes(" ") == ()
