"""The chain of a unit's days: whatever is dropped, changed or put in another order, the heads no longer agree."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evaluations.service_records.rules.chain import (
    Link,
    chain_faults,
    day_digest,
    first_head,
    next_head,
    record_leaf,
    split_leaves,
)

DAY = date(2026, 7, 1)
LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=20)


def chain(*counts: int, unit: str = "D01") -> list[Link]:
    head, links = first_head(unit), []
    for seq, records in enumerate(counts, start=1):
        link = Link(seq, DAY + timedelta(days=seq), records, f"{seq:064x}", "")
        head = next_head(head, unit, link)
        links.append(link._replace(head=head))
    return links


def test_heads_are_those_of_the_specification():
    """The example of docs/service-records.md: the first batch of unit D01, a day on which nothing was finished."""
    assert first_head("D01") == "9bcb2e6d32c972800155a72d57a388a2e74f974dc7633e335a46c24bb3027ae4"
    digest = day_digest("00" * 32, [])
    assert digest == "842c1df89b793a1e0d0ecd25bc636d8ee8b424dac39cc831a9ee8fffa83cbb43"
    link = Link(1, DAY, 0, digest, "")
    assert (
        next_head(first_head("D01"), "D01", link) == "e3f728480a509942def80151046966579e780c8dd956fbba12caa144aeb3f23b"
    )


@given(LEAVES, st.randoms())
def test_the_order_of_a_file_makes_no_difference(leaves, random):
    shuffled = list(leaves)
    random.shuffle(shuffled)
    assert day_digest("salt", leaves) == day_digest("salt", shuffled)


@given(LEAVES, LEAVES)
def test_other_records_give_another_digest(one, other):
    assert (day_digest("salt", one) == day_digest("salt", other)) == (sorted(one) == sorted(other))


@given(LEAVES)
def test_leaves_kept_in_a_row_come_apart_again(leaves):
    assert split_leaves(b"".join(leaves)) == leaves


def test_without_the_salt_nobody_can_try_out_records():
    values = ("1", "D01-01", "2026-07-01", "", "张三", "13800000001")
    assert record_leaf("one", *values) != record_leaf("other", *values)


@given(st.lists(st.integers(0, 1000), max_size=8))
def test_a_chain_that_nobody_touched_holds(counts):
    assert list(chain_faults("D01", chain(*counts))) == []


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.data())
def test_whatever_is_changed_in_a_link_breaks_the_chain(counts, data):
    links = chain(*counts)
    at = data.draw(st.integers(0, len(links) - 1))
    link = links[at]
    changed = data.draw(
        st.sampled_from(
            [
                link._replace(records=link.records + 1),
                link._replace(day=link.day + timedelta(days=1)),
                link._replace(digest="f" * 64),
                link._replace(head="f" * 64),
            ]
        )
    )
    assert list(chain_faults("D01", [*links[:at], changed, *links[at + 1 :]]))


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=8), st.data())
def test_a_day_dropped_from_the_middle_is_noticed(counts, data):
    links = chain(*counts)
    at = data.draw(st.integers(0, len(links) - 2))
    assert list(chain_faults("D01", [*links[:at], *links[at + 1 :]]))


def test_days_of_another_unit_are_no_days_of_this_one():
    assert list(chain_faults("D02", chain(3, unit="D01")))
