"""Lineage through chains, merges, splits and cycles of changes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from departments.reforms.rules.lineage import (
    Continued,
    Roster,
    Step,
    Title,
    continued_sections,
    earlier_sections,
    history_lines,
    reshaped_sections,
)

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
def test_earlier_sections_are_transitive(code, changes):
    found = earlier_sections(code, changes)

    for earlier in found:
        assert earlier_sections(earlier, changes) - {code} <= found


def step(on, kind, earlier, later, name, department="发改委"):
    return Step(date.fromisoformat(on), kind, earlier, later, Title(name, department), f"{kind}依据")


NOW = {"A": Title("价费科", "市场监管局"), "B": Title("收费科", "发改委"), "X": Title("综合科", "发改委")}
STEPS = [
    step("2018-03-01", "renamed", "A", "A", "物价科"),
    step("2019-03-01", "moved", "A", "A", "价格科"),
    step("2020-03-01", "merged", "A", "X", "价费科", "市场监管局"),
    step("2020-03-01", "merged", "B", "X", "收费科"),
]


def lines(code, steps=STEPS):
    return [f"{line.on} {line.text}" for line in history_lines(code, steps, NOW)]


def test_the_history_shows_every_name_as_it_was_then():
    assert lines("A") == [
        "2018-03-01 发改委“物价科”更名为“价格科”",
        "2019-03-01 发改委“价格科”转隶到市场监管局",
        "2020-03-01 市场监管局“价费科”（A）并入发改委“综合科”（X）",
    ]
    assert history_lines("A", STEPS, NOW)[1].note == "moved依据"


def test_a_sections_history_begins_with_the_sections_it_continues():
    assert lines("X") == [*lines("A"), "2020-03-01 发改委“收费科”（B）并入发改委“综合科”（X）"]
    assert lines("B") == ["2020-03-01 发改委“收费科”（B）并入发改委“综合科”（X）"]


def test_the_history_describes_splits_and_abolitions():
    steps = [step("2020-03-01", "split", "X", "B", "办公室"), step("2020-04-01", "abolished", "X", None, "综合科")]

    assert lines("X", steps) == [
        "2020-03-01 发改委“办公室”（X）拆分出发改委“收费科”（B）",
        "2020-04-01 发改委“综合科”撤销，没有科室延续",
    ]
    assert lines("B", steps) == lines("X", steps)[:1]


def test_the_sections_continued_are_named_with_their_last_title_and_day():
    assert continued_sections("X", STEPS) == [
        Continued("B", Title("收费科", "发改委"), date(2020, 3, 1)),
        Continued("A", Title("价费科", "市场监管局"), date(2020, 3, 1)),
    ]
    assert continued_sections("A", STEPS) == []


class TestSectionsReshapedBetweenTwoRosters:
    def reshaped(self, before, now, *steps):
        old, new = (Roster(frozenset(codes), date(year, 5, 1)) for codes, year in ((before, 2019), (now, 2020)))
        return reshaped_sections(old, new, [step(*one, "旧科") for one in steps])

    @pytest.mark.parametrize(
        ("before", "now", "change", "found"),
        [
            ("AB", "AB", ("2019-05-02", "merged", "C", "A"), {"A": "merged"}),
            ("AB", "AB", ("2020-05-01", "split", "A", "B"), {"A": "split", "B": "split"}),
            ("AB", "AB", ("2019-05-01", "merged", "C", "A"), {}),
            ("AB", "AB", ("2020-05-02", "split", "A", "B"), {}),
            ("AB", "A", ("2019-04-01", "merged", "B", "A"), {"A": "merged"}),  # entered after the roster was frozen
            ("A", "AB", ("2019-04-01", "split", "A", "B"), {"A": "split", "B": "split"}),
            ("AB", "AB", ("2019-09-01", "renamed", "A", "A"), {}),
            ("AB", "AB", ("2019-09-01", "moved", "A", "A"), {}),
            ("AB", "A", ("2019-09-01", "abolished", "B", None), {}),
        ],
    )
    def test_are_those_merged_or_split_in_between(self, before, now, change, found):
        assert self.reshaped(before, now, change) == found

    def test_a_chain_is_followed_to_its_end(self):
        chain = [("2019-06-01", "split", "A", "X"), ("2019-09-01", "merged", "X", "B")]
        assert self.reshaped("AB", "AB", *chain) == {"A": "split", "B": "merged"}
