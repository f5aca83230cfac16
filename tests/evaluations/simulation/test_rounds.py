"""One simulated round: the product's rules count it, and each attack changes what it says."""

import pytest

from evaluations.scoring.nc2 import ranking
from evaluations.scoring.nc2.ballots import Ballots, count_ballots
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.scoring.nc2.result import build_files
from evaluations.simulation.services import rounds
from evaluations.simulation.services.rounds import Setting, count, simulate
from tests.evaluations.scoring.nc2.examples import ballots, counted
from tests.evaluations.simulation.examples import BALLOTS, book, expectation

MANY = {"targeted": {"ballots": 400}, "sampled": {"ballots": 60}, "other": {"ballots": 240}}


def setting(rulebook=None, **changes):
    return Setting(parse_method_two(rulebook or book()), expectation(**changes), seed=1)


@pytest.fixture
def seen(monkeypatch):
    """What was counted, first the round itself."""
    found: list[Ballots] = []

    def counting(method, given):
        found.append(given)
        return count(method, given)

    monkeypatch.setattr(rounds, "count", counting)
    return found


def lines_of(given, channel):
    return sum(cell.lines for (_, of), cell in given.cells.items() if of == channel)


def test_a_round_is_the_same_whenever_it_is_simulated():
    first = simulate(setting(), 3)
    simulate(setting(), 2)

    assert simulate(setting(), 3) == first
    assert simulate(setting(), 4) != first


def test_the_outcome_is_what_the_count_of_the_product_says(seen):
    one = setting(attacks=False)

    simulate(one, 0)

    method, outcome = one.method, count(one.method, seen[0])
    rows = {row["section"]: row for row in build_files(method, seen[0], book())[0]["sections"]}
    told = [rows[section] for section in method.sections]
    assert outcome.listed == {n for n, row in enumerate(told) if row["listed"]}
    assert outcome.certain == {n for n, row in enumerate(told) if row["label"] == "明确"}
    assert outcome.unranked == {n for n, row in enumerate(told) if row["label"] == "样本不足"}
    shown = {n: [row["rank_low"], row["rank_high"]] for n, row in enumerate(told) if row["difficulty"]}
    assert {n: list(outcome.intervals[n]) for n in shown} == shown


def test_a_changed_rule_of_the_product_shows_in_the_simulation(monkeypatch):
    assert simulate(setting(attacks=False), 0)["unranked",] != (24, 1)

    monkeypatch.setattr(ranking, "_has_enough", lambda *_: False)

    assert simulate(setting(attacks=False), 0)["unranked",] == (24, 1)


def test_the_rulebook_decides_what_is_listed():
    assert simulate(setting(book(list_length=5), attacks=False), 0)["recall",][1] == 5
    assert simulate(setting(book(min_lines=10_000), attacks=False), 0)["gate_passed",] == (0, 1)


def test_hidden_lines_are_no_lines():
    method, given = counted(book(cell_min_lines=5), ballots("T", {"S00": "11111"}, times=4))

    assert count(method, given).lines == [0] * 24


def test_without_attacks_nothing_is_counted_twice(seen):
    simulate(setting(attacks=False), 0)

    assert len(seen) == 1


def test_bought_ballots_change_lines_and_add_none(seen):
    found = simulate(setting(channels=MANY), 0)

    bought = {key for key in found if key[0] == "bought" and key[3]}
    assert {key[4] for key in bought} == {"kept", "zero"}
    assert {key[3] for key in bought} == {4, 8, 12}
    attacks = seen[1 : 1 + len(bought)]
    assert {lines_of(given, "targeted") for given in attacks} == {lines_of(seen[0], "targeted")}
    assert all(given.cells != seen[0].cells for given in attacks)


def test_bought_lines_are_the_worst_in_everything(seen):
    found = simulate(setting(channels=MANY), 0)

    worst = [sum(cell.histogram.get(180, 0) for cell in given.cells.values()) for given in seen]
    order = [key for key in found if key[0] == "bought" and key[3]]
    for key, more in zip(order, worst[1:], strict=False):
        assert key[4] == "zero" or 0 < more - worst[0] <= key[3]


def test_bought_ballots_answer_the_rest_with_nothing_or_as_they_did(seen):
    found = simulate(setting(channels=MANY), 0)

    def zeros(given):
        return sum(cell.histogram.get(0, 0) for (_, of), cell in given.cells.items() if of == "targeted")

    order = [key for key in found if key[0] == "bought" and key[3]]
    for key, given in zip(order, seen[1:], strict=False):
        assert (zeros(given) > zeros(seen[0])) == (key[4] == "zero")


def test_fakes_are_added_to_their_channel(seen):
    found = simulate(setting(), 0)

    fakes = [key for key in found if key[0] == "fakes" and key[3]]
    assert fakes == [
        (*("fakes", aim), *what) for aim in ("blame", "praise") for what in (("sampled", 20), ("other", 300))
    ]
    for (_, _, channel, times), given in zip(fakes, seen[-4:], strict=True):
        assert lines_of(given, channel) == lines_of(seen[0], channel) + times


def test_an_attacked_round_is_counted_as_if_it_were_counted_whole(monkeypatch, seen):
    """What an attack changes is counted anew, the rest taken over: together that is the whole."""
    whole = []

    def counting(method, cast, channel, votes, changed):
        whole.append(count_ballots(method, [v for c in cast.votes for v in (votes if c == channel else cast.votes[c])]))
        return recounted(method, cast, channel, votes, changed)

    recounted = rounds._recounted
    monkeypatch.setattr(rounds, "_recounted", counting)

    simulate(setting(channels=MANY), 0)

    assert len(whole) > 10
    assert seen[1:] == whole


def test_a_section_that_is_attacked_is_looked_at_without_the_attack_too():
    found = simulate(setting(), 0)

    assert {key[:3] for key in found if key[0] == "fakes" and not key[3]} == {
        key[:3] for key in found if key[0] == "fakes"
    }


def test_a_district_without_open_channels_has_no_fakes():
    targeted_only = book(channels={"targeted": {"weight": "1", "drawn": True}})

    found = simulate(setting(targeted_only), 0)

    assert not [key for key in found if key[0] == "fakes"]


def test_a_round_without_ballots_lists_nobody():
    found = simulate(setting(channels={c: {"ballots": 0} for c in BALLOTS}), 0)

    assert found["unranked",] == (24, 1)
    assert found["recall",] == (0, 3)
