"""Bounds, refusals, times of disturbances, and the comparison of what citizens were told with the box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load.rules import (
    BOUNDS,
    Attempt,
    Disturbance,
    Refused,
    compare,
    disturbances,
    make_plan,
    percentile,
    require_loopback,
    require_own_database,
)

WITHIN = {"voters": 8, "seconds": 60, "kills": 12, "restarts": 4}


def told(*receipts: str) -> list[Attempt]:
    """Citizens who each saw one receipt and were told that the ballot is cast."""
    return [Attempt([receipt], [receipt]) for receipt in receipts]


@pytest.mark.parametrize("name", BOUNDS)
def test_a_figure_out_of_bounds_is_refused(name):
    least, most = BOUNDS[name]
    for figure in (least - 1, most + 1):
        with pytest.raises(Refused, match=f"{name} must be from {least} to {most}"):
            make_plan(**{**WITHIN, name: figure})


def test_every_figure_out_of_bounds_is_named():
    with pytest.raises(Refused, match=r"voters .*; seconds .*; kills .*; restarts "):
        make_plan(voters=0, seconds=10**6, kills=-1, restarts=10**6)


def test_disturbances_leave_time_to_start_again():
    assert make_plan(voters=1, seconds=4, kills=1, restarts=1)
    with pytest.raises(Refused, match="at most 2"):
        make_plan(voters=1, seconds=4, kills=2, restarts=1)


def test_the_number_of_codes_is_bounded():
    longest = make_plan(**{**WITHIN, "seconds": BOUNDS["seconds"][1]})

    assert make_plan(**WITHIN).codes == 12_000
    assert longest.codes == 50_000


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.0.1"])
def test_a_loopback_address_is_accepted(host):
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "192.0.2.7", "::", "::1", "localhost", "pingyi.example", ""])  # noqa: S104
def test_any_other_address_is_refused(host):
    with pytest.raises(Refused, match="no loopback address"):
        require_loopback(host)


def test_only_the_database_in_the_own_folder_is_accepted():
    require_own_database("postgresql", "127.0.0.1", "/own/data", "/own")


@pytest.mark.parametrize(
    ("vendor", "host", "data", "own"),
    [
        ("sqlite", "", "", "/own"),
        ("postgresql", "10.0.0.1", "/own/data", "/own"),
        ("postgresql", "", "/own/data", "/own"),
        ("postgresql", "127.0.0.1", "/var/lib/postgresql/15/main", "/own"),
        ("postgresql", "127.0.0.1", "/own-not/data", "/own"),
        ("postgresql", "127.0.0.1", "/var/lib/postgresql/15/main", ""),
    ],
)
def test_any_other_database_is_refused(vendor, host, data, own):
    with pytest.raises(Refused):
        require_own_database(vendor, host, data, own)


def test_disturbances_are_spread_evenly_and_of_every_kind():
    schedule = disturbances(make_plan(voters=1, seconds=60, kills=3, restarts=2))

    assert schedule == [
        (10, Disturbance.WORKER),
        (20, Disturbance.IMMEDIATE),
        (30, Disturbance.WORKER),
        (40, Disturbance.FAST),
        (50, Disturbance.MASTER),
    ]


@given(seconds=st.integers(2, 900), kills=st.integers(0, 100), restarts=st.integers(0, 30))
def test_every_disturbance_falls_into_the_vote(seconds, kills, restarts):
    try:
        plan = make_plan(voters=1, seconds=seconds, kills=kills, restarts=restarts)
    except Refused:
        return
    times = [moment for moment, _ in disturbances(plan)]

    assert len(times) == kills + restarts
    assert times == sorted(times)
    assert all(0 < moment < seconds for moment in times)


def test_a_box_with_every_acknowledged_receipt_once_holds():
    verdict = compare(told("A", "B"), ["B", "A"], 2)

    assert verdict.holds
    assert verdict == (2, 0, 0, 0, 0, 0)


def test_an_acknowledged_receipt_that_is_not_in_the_box_is_lost():
    verdict = compare(told("A", "B"), ["A"], 1)

    assert (verdict.lost, verdict.holds) == (1, False)


def test_one_receipt_acknowledged_to_two_citizens_is_one_ballot_lost():
    verdict = compare(told("A", "A"), ["A"], 1)

    assert (verdict.lost, verdict.holds) == (1, False)


@pytest.mark.parametrize(
    ("attempts", "box", "used"),
    [
        (told("A"), ["A", "A"], 2),  # a receipt twice
        ([Attempt(["A", "B"], ["B"])], ["A", "B"], 2),  # a code twice
        (told("A", "B"), ["A", "B"], 1),  # more ballots than used codes
    ],
)
def test_a_receipt_or_a_code_twice_in_the_box_is_double(attempts, box, used):
    verdict = compare(attempts, box, used)

    assert (verdict.double, verdict.lost, verdict.holds) == (1, 0, False)


def test_a_code_used_without_a_ballot_does_not_hold():
    verdict = compare(told("A"), ["A"], 2)

    assert (verdict.without_ballot, verdict.holds) == (1, False)


def test_a_ballot_under_a_receipt_that_nobody_saw_does_not_hold():
    verdict = compare(told("A"), ["A", "Z"], 2)

    assert (verdict.foreign, verdict.holds) == (1, False)


def test_a_ballot_in_the_box_without_an_answer_is_counted_and_holds():
    verdict = compare([*told("A"), Attempt(["B"], []), Attempt(["C"], [])], ["A", "B"], 2)

    assert (verdict.unacknowledged, verdict.holds) == (1, True)


def test_a_run_without_a_ballot_shows_nothing():
    assert not compare([Attempt([], [])], [], 0).holds


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.95, 10), (0.01, 1), (1, 10)])
def test_a_percentile_is_the_smallest_value_that_covers_its_share(share, value):
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == value


def test_a_percentile_of_nothing_is_0():
    assert percentile([], 0.5) == 0
