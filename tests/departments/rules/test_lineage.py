"""Earlier sections through chains, merges, splits and cycles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from departments.rules.lineage import earlier_sections

SECTIONS = st.sampled_from("ABCDEFGH")
CHANGES = st.lists(st.tuples(SECTIONS, st.none() | SECTIONS), max_size=40)


@pytest.mark.parametrize(
    ("changes", "earlier"),
    [
        ([], ""),
        ([("X", "X")], ""),
        ([("A", "X")], "A"),
        ([("A", "B"), ("B", "X")], "AB"),
        ([("A", "X"), ("B", "X")], "AB"),
        ([("A", "X"), ("A", "Y")], "A"),
        ([("A", None)], ""),
        ([("X", "Y")], ""),
        ([("A", "X"), ("X", "A")], "A"),
        ([("A", "B"), ("B", "C"), ("C", "A"), ("C", "X")], "ABC"),
    ],
)
def test_ranks_follow_through_every_chain_of_changes(changes, earlier):
    assert earlier_sections("X", changes) == frozenset(earlier)


@given(SECTIONS, CHANGES)
def test_a_lineage_ends_and_names_only_others_that_changed(code, changes):
    found = earlier_sections(code, changes)

    assert code not in found
    assert found <= {earlier for earlier, _ in changes}


@given(SECTIONS, CHANGES)
def test_whoever_came_before_an_earlier_section_came_before_the_later(code, changes):
    found = earlier_sections(code, changes)

    for earlier in found:
        assert earlier_sections(earlier, changes) - {code} <= found
