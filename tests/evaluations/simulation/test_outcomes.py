"""What a round adds to the figures, and what becomes of them over many rounds."""

from evaluations.simulation.rules.outcomes import Outcome, Ranks, measure, summary

TEN = range(10)


def outcome(**changes):
    """Ten sections, of which the first two are listed and all are ranked."""
    known = {
        "listed": {0, 1},
        "certain": {0},
        "unranked": set(),
        "intervals": [(1, 10)] * 10,
        "is_allowed": True,
        "lines": [100] * 10,
    }
    return Outcome(**known | changes)


def figures(**changes):
    """Section n has the true rank n + 1; two are listed."""
    return measure(Ranks([n + 1 for n in TEN], 2), outcome(**changes), None)


def test_a_right_list_has_all_of_the_true_ones_and_no_innocent():
    found = figures()

    assert found["recall",] == (2, 2)
    assert found["innocents_listed",] == (0, 1)
    assert found["certain_true",] == (1, 1)


def test_whoever_is_near_the_list_is_not_innocent():
    assert figures(listed={0, 2})["innocents_listed",] == (0, 1)
    assert figures(listed={0, 3})["innocents_listed",] == (1, 1)


def test_innocents_are_looked_at_by_their_lines_and_whom_they_serve():
    lines = [100] * 3 + [59, 60, 200, 201, 100, 100, 100]
    found = measure(Ranks([n + 1 for n in TEN], 2), outcome(listed={3, 6}, lines=lines), {3, 4})

    assert found["innocent_share",] == (2, 7)
    assert found["innocent_share_thin",] == (1, 1)
    assert found["innocent_share_many",] == (1, 1)
    assert found["innocent_share_business",] == (1, 2)
    assert found["innocent_share_others",] == (1, 5)


def test_an_interval_covers_the_true_rank_at_its_ends():
    found = figures(intervals=[(1, 1), (1, 2), (4, 5), *[(1, 3)] * 7])

    assert found["coverage",] == (2, 10)
    assert found["coverage_worst",] == (2, 3)


def test_unranked_sections_and_the_gate_are_counted():
    found = figures(unranked={1, 5}, is_allowed=False)

    assert found["unranked",] == (2, 1)
    assert found["true_listed_unranked",] == (1, 1)
    assert found["gate_passed",] == (0, 1)


def test_middling_sections_of_105_have_the_ranks_40_to_65():
    middling = Ranks(list(range(1, 106)), 10).middling

    assert {section + 1 for section in middling} == set(range(40, 66))


def test_a_figure_is_the_ratio_of_sums_with_the_error_of_a_ratio():
    rounds = [{("certain_true",): (1, 2)}, {("certain_true",): (1, 1)}]

    found = summary(rounds, has_attacks=False)["figures"]

    # 2/3; the rounds are off by 1 - 4/3 and 1 - 2/3: sqrt(2 · 2/9) / 3.
    assert found["certain_true"] == {"mean": "0.6667", "error": "0.2222", "of": 3}
    assert found["recall"] == {"mean": None, "error": None, "of": 0}


def test_one_round_has_no_error():
    assert summary([{("recall",): (1, 2)}], has_attacks=False)["figures"]["recall"] == {
        "mean": "0.5000",
        "error": None,
        "of": 2,
    }


def test_attacks_are_listed_in_a_fixed_order_whether_or_not_they_were_possible():
    found = summary([{("bought", 40, 60, 8, "zero"): (1, 1)}], has_attacks=True)

    assert [(row["drawn_lines"][0], row["ballots"], row["rest"]) for row in found["bought"]][:8] == [
        (18, 0, "kept"),
        *[(18, ballots, rest) for ballots in (4, 8, 12) for rest in ("kept", "zero")],
        (40, 0, "kept"),
    ]
    told = [row for row in found["bought"] if row["listed"]["of"]]
    assert [(row["drawn_lines"], row["ballots"], row["rest"], row["listed"]["mean"]) for row in told] == [
        ([40, 60], 8, "zero", "1.0000")
    ]
    assert [(row["aim"], row["channel"], row["ballots"]) for row in found["fakes"]] == [
        (aim, channel, ballots)
        for aim in ("blame", "praise")
        for channel, most in (("sampled", 20), ("other", 300))
        for ballots in (0, most)
    ]
