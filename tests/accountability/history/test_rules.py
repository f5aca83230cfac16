"""Counts over earlier rounds: 上期位次、上榜次数、连续上榜、连续前3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.history.rules.history import Appearance, History, history


def past(*rounds):
    """(order, rank) or (order, rank, label); places up to 10 are listed."""
    return [Appearance(r[0], r[1], r[1] is not None and r[1] <= 10, *(r[2:] or ("明确",))) for r in rounds]


@pytest.mark.parametrize(
    ("rounds", "now", "expected"),
    [
        ([], 0, History()),
        ([(0, 4)], 0, History(None, 1, 1, 0, 0)),
        ([(0, 4), (1, 2)], 1, History(4, 2, 2, 1, 1)),
        ([(0, 2), (1, 3)], 1, History(2, 2, 2, 2, 2)),
        ([(0, 2), (1, 40), (2, 1)], 2, History(40, 2, 1, 1, 1)),
        ([(0, 2), (2, 1)], 2, History(None, 2, 1, 1, 1)),
        ([(0, 2), (1, None), (2, 1)], 2, History(None, 2, 1, 1, 1)),
        ([(0, 1), (1, 1), (2, 1)], 1, History(1, 2, 2, 2, 2)),
        ([(0, 1, "误差范围内"), (1, 1)], 1, History(1, 2, 2, 2, 1)),
        ([(0, 1), (1, 1, "误差范围内")], 1, History(1, 2, 2, 2, 0)),
        ([(0, 1, "一票否决"), (1, 3)], 1, History(1, 2, 2, 2, 2)),
    ],
)
def test_history_counts_published_rounds(rounds, now, expected):
    assert history(past(*rounds), now=now, top=3) == expected


def test_of_merged_predecessors_the_one_rated_hardest_counts():
    summary = history(past((0, 12), (0, 3), (1, 2)), now=1, top=3)

    assert summary == History(3, 2, 2, 2, 2)


@pytest.mark.parametrize(
    ("labels", "prompts"),
    [(("明确", "明确"), True), (("一票否决", "明确"), True), (("误差范围内", "明确"), False), (("明确", ""), False)],
)
def test_the_removal_prompt_needs_two_certain_places_in_a_row(labels, prompts):
    summary = history(past((0, 1, labels[0]), (1, 2, labels[1])), now=1, top=3)

    assert summary.calls_for_removal_prompt is prompts


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(1, 105)), max_size=20), st.integers(0, 8))
def test_runs_never_exceed_the_listings(rounds, now):
    summary = history(past(*rounds), now=now, top=3)

    assert summary.sure_top_in_a_row <= summary.top_in_a_row <= summary.listed_in_a_row <= summary.listings


@given(st.permutations([(0, 12), (0, 3), (1, 2), (2, 40), (2, 9)]))
def test_the_order_of_the_rows_does_not_matter(rounds):
    assert history(past(*rounds), now=2, top=3) == history(past((0, 3), (1, 2), (2, 9)), now=2, top=3)


@pytest.mark.parametrize(
    ("predecessors", "previous_rank"),
    [
        ([(0, None), (0, 105)], 105),  # a place, however far down, before none
        ([(0, 7, "误差范围内"), (0, 7, "明确")], 7),
    ],
)
def test_of_two_predecessors_the_one_with_a_place_stands(predecessors, previous_rank):
    for rows in (predecessors, predecessors[::-1]):
        assert history(past(*rows, (1, 2)), now=1, top=3).previous_rank == previous_rank


def test_of_two_predecessors_on_one_place_the_certain_one_stands():
    for labels in (("误差范围内", "明确"), ("明确", "误差范围内")):
        assert history(past(*((0, 1, label) for label in labels)), now=0, top=3).sure_top_in_a_row == 1


@pytest.mark.parametrize(("label", "sure"), [("明确", 0), ("一票否决", 1)])
def test_only_a_veto_is_certain_where_too_few_sections_were_ranked(label, sure):
    found = history([Appearance(0, 1, is_listed=True, label=label, is_by_decision=True)], now=0, top=3)

    assert (found.sure_top_in_a_row, found.top_in_a_row) == (sure, 1)
