"""Small batches: no list of their own, and no use told code by code; whatever the sizes."""

from hypothesis import given
from hypothesis import strategies as st

from evaluations.codes.rules.publishing import (
    BatchSize,
    Lists,
    Withheld,
    few_together,
    is_small,
    lists_of,
    withheld_use,
)

K = 5


@st.composite
def rounds(draw):
    """Batches of a round: originals, and replacements of some of them."""
    sizes = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=8))
    batches = []
    for number, (codes, void, is_replacement) in enumerate(sizes, start=1):
        originals = [batch.batch for batch in batches if batch.replaces is None]
        replaces = draw(st.sampled_from(originals)) if is_replacement and originals else None
        batches.append(BatchSize(number, codes, max(0, codes - void), replaces))
    return batches


@given(rounds())
def test_every_batch_is_in_exactly_one_list(batches):
    lists = lists_of(batches, K)

    listed = [*lists.own, *lists.rest, *(batch for group in lists.joined.values() for batch in group)]

    assert sorted(listed) == [batch.batch for batch in batches]


@given(rounds())
def test_no_small_batch_has_a_list_of_its_own(batches):
    lists = lists_of(batches, K)

    assert lists.own == {batch.batch for batch in batches if not is_small(batch.codes, K)}
    assert set(lists.joined) <= lists.own


@given(rounds())
def test_the_codes_of_withheld_use_are_none_or_at_least_k_or_all(batches):
    withheld = withheld_use(batches, K)
    able = {batch.batch: batch.able for batch in batches}
    hidden = sum(able[batch] for batch in withheld.batches)
    others = sum(able.values()) - hidden

    assert withheld.batches == {batch for batch, size in able.items() if 0 < size < K}
    total = hidden + min(withheld.cover, others)
    assert total == 0 or total >= K or total == sum(able.values())
    assert total < K + hidden  # no more than needed


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9)))
def test_groups_of_few_are_published_as_one_of_at_least_k_or_all(people):
    together = few_together(people, K)

    assert {group for group, number in people.items() if 0 < number < K} <= together
    total = sum(people[group] for group in together)
    assert not together or total >= K or total == sum(people.values())


def test_a_group_of_few_takes_the_smallest_other():
    assert few_together({"a": 1, "b": 30, "c": 9}, K) == {"a", "c"}
    assert few_together({"a": 3, "b": 30, "c": 2}, K) == {"a", "c"}
    assert few_together({"a": 5, "b": 30, "c": 0}, K) == frozenset()


def test_a_replacement_joins_the_list_of_its_batch_or_if_that_is_small_the_rest():
    batches = [BatchSize(1, 20, 19), BatchSize(2, 1, 1, replaces=1), BatchSize(3, 2, 2), BatchSize(4, 1, 1, replaces=3)]

    assert lists_of(batches, K) == Lists(frozenset({1}), {1: (2,)}, frozenset({3, 4}))
    assert withheld_use(batches, K) == Withheld(frozenset({2, 3, 4}), cover=1)


def test_a_batch_made_small_by_void_codes_keeps_its_list_but_its_use_is_withheld():
    batches = [BatchSize(1, 20, 1), BatchSize(2, 30, 30)]

    assert lists_of(batches, K).own == {1, 2}
    assert withheld_use(batches, K) == Withheld(frozenset({1}), cover=4)


def test_nothing_is_withheld_where_every_batch_is_large_or_void():
    assert withheld_use([BatchSize(1, 5, 5), BatchSize(2, 4, 0)], K) == Withheld(frozenset(), 0)
