"""Order of a section's story, and what a corrected list changed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.section_story.rules import Entry, Kind, change_of_place, in_order

FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def entry(kind, minutes, knows):
    """An entry some minutes after the first: its moment is known, its day only, or nothing."""
    at = FIRST + timedelta(minutes=minutes)
    return Entry(kind, "事", at.date() if knows else None, at if knows == "moment" else None)


entries = st.builds(entry, st.sampled_from(Kind), st.integers(0, 5000), st.sampled_from(["moment", "day", ""]))


@given(st.lists(entries, max_size=8))
def test_entries_stand_in_order_of_time_however_they_are_read(given_entries):
    ordered = in_order(given_entries)

    assert ordered == in_order(reversed(given_entries))
    days = [entry.on or date.min for entry in ordered]
    assert days == sorted(days)
    for one, next_ in pairwise(ordered):
        if one.on == next_.on and next_.at:
            assert one.at is not None
            assert one.at <= next_.at


@pytest.mark.parametrize(
    ("before", "now", "is_withdrawn", "words"),
    [
        (3, 3, False, ""),
        (None, None, True, ""),
        (3, None, True, "撤下，原为第3位"),
        (3, None, False, "重新计票后不再上榜，原为第3位"),
        (None, 10, False, "列入名单，第10位"),
        (3, 2, False, "由第3位改为第2位"),
    ],
)
def test_a_correction_says_what_it_changed_for_the_section(before, now, is_withdrawn, words):
    assert change_of_place(before, now, is_withdrawn=is_withdrawn) == words
