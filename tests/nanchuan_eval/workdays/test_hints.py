"""The hint of a term, and what speaks against a year's holidays being complete (pure)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.migrations import _holidays
from nanchuan_eval.workdays.rules import Calendar, Entry, Term, Year, dated, doubts, hint, term_of

ALWAYS = date.min
DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))


def years(*numbers, since=ALWAYS):
    return dict.fromkeys(numbers, since)


def entries(number):
    off = [
        Entry(date.fromisoformat(start) + timedelta(days=n), name, is_workday=False)
        for name, start, days in _holidays.OFF
        for n in range(days)
    ]
    working = [Entry(date.fromisoformat(day), name, is_workday=True) for name, day in _holidays.WORKING]
    return tuple(entry for entry in (*off, *working) if entry.day.year == number)


class TestTheHint:
    def test_a_term_within_complete_years_has_none(self):
        assert hint(Term(date(2026, 3, 2), date(2026, 3, 16)), years(2026)) == ""

    def test_it_names_the_year_that_nobody_declared(self):
        term = Term(date(2026, 12, 1), date(2027, 1, 4))

        assert hint(term, years(2026)) == "2027年节假日尚未确认录全，期限按周一至周五计算，可能有变"
        assert dated(term, years(2026)) == f"2027年1月4日（{hint(term, years(2026))}）"
        assert dated(term, years(2026, 2027)) == "2027年1月4日"

    def test_it_names_each_of_several_years(self):
        assert hint(Term(date(2026, 12, 1), date(2027, 1, 4)), {}).startswith("2026年、2027年节假日")

    def test_it_says_what_is_not_sure(self):
        assert "异议期按周一至周五计算" in hint(Term(date(2027, 3, 1), date(2027, 3, 4)), {}, "异议期")

    @pytest.mark.parametrize(("last", "is_sure"), [(24, True), (25, False), (31, False)])
    def test_the_last_week_of_december_depends_on_the_next_year(self, last, is_sure):
        """元旦 2019 moved working days of 29 to 31 December 2018."""
        assert (hint(Term(date(2026, 12, 1), date(2026, 12, last)), years(2026)) == "") is is_sure

    def test_an_end_that_may_slide_into_another_year_names_it_too(self):
        assert hint(Term(date(2027, 11, 22), date(2027, 12, 6)), years(2026)).startswith("2027年、2028年节假日")
        assert hint(Term(date(2027, 5, 3), date(2027, 5, 17)), years(2026)).startswith("2027年节假日")

    def test_the_day_from_which_is_counted_does_not_matter(self):
        assert hint(Term(date(2026, 12, 31), date(2027, 1, 4)), years(2027)) == ""

    def test_no_term_and_a_term_of_no_days_have_none(self):
        assert hint(None, {}) == hint(Term(date(2027, 3, 1), date(2027, 3, 1)), {}) == ""

    def test_a_stored_term_keeps_it_after_a_later_declaration(self):
        """Its last day was fixed when the year was not complete."""
        late, early = years(2026, 2027, since=date(2026, 12, 10)), years(2026, 2027, since=date(2026, 11, 30))
        stored = Term(date(2026, 12, 1), date(2027, 1, 4))
        anew = Term(date(2026, 12, 1), date(2027, 1, 4), is_stored=False)

        assert hint(stored, late) == (
            "期限确定时2026年、2027年节假日尚未确认录全或者后来有改动，须对照国务院办公厅的放假安排核对"
        )
        assert hint(stored, early) == hint(anew, late) == ""

    @pytest.mark.parametrize(("day", "is_sure"), [(30, True), (1, False)])
    def test_a_stored_term_fixed_on_the_day_of_the_declaration_keeps_it(self, day, is_sure):
        """Which of the two came first that day is not known."""
        since = date(2026, 11, 30) if is_sure else date(2026, 12, day)

        found = hint(Term(date(2026, 12, 1), date(2026, 12, 15)), years(2026, since=since))

        assert (found == "") is is_sure

    @given(DAYS, st.integers(1, 120), st.sets(st.integers(2000, 2090)))
    def test_without_it_no_holiday_of_another_year_moves_the_end(self, start, days, complete):
        calendar = Calendar()
        term = term_of(start, days, calendar)
        if hint(term, years(*complete)):
            return
        for number in {start.year, term.ends_on.year + 1, start.year - 1} - complete:
            whole = [date(number, 1, 1) + timedelta(days=n) for n in range(365)]
            moved = Calendar(days_off=frozenset(day for day in whole if day.year == number))
            assert term_of(start, days, moved).ends_on == term.ends_on

    @given(DAYS, st.integers(1, 120))
    def test_a_year_nobody_declared_is_always_named(self, start, days):
        term = term_of(start, days, Calendar())

        assert f"{term.ends_on.year}年" in hint(term, {})


class TestTheDoubts:
    @pytest.mark.parametrize("number", [2025, 2026])
    def test_the_years_of_the_release_raise_none(self, number):
        assert doubts(Year(number, entries(number))) == []

    def test_a_missing_holiday_is_named(self):
        year = Year(2026, tuple(entry for entry in entries(2026) if "中秋" not in entry.name))

        assert doubts(year) == ["名称含“中秋”的放假日没有录入，法定至少1天。"]

    def test_a_holiday_with_too_few_days_is_named(self):
        forgotten = {date(2026, 5, day) for day in (2, 3, 4, 5)}
        short = Year(2026, tuple(entry for entry in entries(2026) if entry.day not in forgotten))

        assert doubts(short) == ["名称含“劳动”的放假日只录入了1天，法定至少2天。"]

    def test_a_year_without_working_weekends_is_doubted(self):
        year = Year(2026, tuple(entry for entry in entries(2026) if not entry.is_workday))

        assert doubts(year) == ["没有录入调休上班日。国务院办公厅的通知一般都安排周末调休上班，请核对。"]

    def test_a_working_weekend_on_a_weekday_is_doubted(self):
        year = Year(2026, (*entries(2026), Entry(date(2026, 3, 2), "元旦调休", is_workday=True)))

        assert doubts(year) == ["2026年3月2日 元旦调休录为调休上班，但这一天不是周末，请核对。"]
