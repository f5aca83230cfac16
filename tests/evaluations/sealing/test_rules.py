"""Differences between spool and used codes are told exactly (box-key.md 6)."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from evaluations.protocol.box_rows import Place
from evaluations.sealing.rules import difference_lines, differences, number_of

HALL, PAPER = Place("R1", "sampled", "hall"), Place("R1", "other", "newspaper")
COUNTS = st.dictionaries(st.sampled_from([HALL, PAPER, Place("R2", "other", "open")]), st.integers(0, 5)).map(Counter)


@given(COUNTS, COUNTS)
def test_what_is_found_and_what_is_missing_make_what_is_expected(expected, found):
    missing = differences(expected, found)

    assert 0 not in missing.values()
    assert all(found[place] + missing.get(place, 0) == expected[place] for place in expected | found)


@given(COUNTS)
def test_equal_counts_differ_nowhere(counts):
    assert differences(counts, counts) == {}
    assert number_of({}, {}) == 0


def test_a_row_moved_and_set_aside_counts_at_both_places_and_once_more():
    missing = differences(Counter({HALL: 3}), Counter({HALL: 2, PAPER: 1}))

    assert missing == {HALL: 1, PAPER: -1}
    assert number_of(missing, {"misplaced": 1}) == 3


def test_the_lines_name_place_direction_and_reason():
    lines = difference_lines({HALL: 2, PAPER: -1}, {"foreign": 4}, {"sampled": "抽样评议", "hall": "服务大厅"})

    assert lines == [
        "R1 other·newspaper：多出1张",
        "R1 抽样评议·服务大厅：缺少2张",
        "不能打开、须搁置的评议票（不是本系统写入）：4张",
    ]
