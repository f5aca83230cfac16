"""The file of expectations: everything optional, nothing unknown, nothing out of bounds."""

from fractions import Fraction

import pytest

from evaluations.simulation.rules.expectations import (
    Difficulty,
    ExpectationError,
    complete,
    parse_expectation,
)


def read(document):
    return parse_expectation(complete(document))


def test_an_empty_file_is_the_round_that_the_method_was_measured_with():
    found = read({})

    assert {c: of.ballots for c, of in found.channels.items()} == {"targeted": 1000, "sampled": 500, "other": 6000}
    assert (found.difficulty, found.spread) == (Difficulty.NORMAL, Fraction("0.35"))


def test_what_a_file_does_not_name_keeps_its_default():
    found = read({"channels": {"targeted": {"ballots": 300}}, "one_line": {"quota": 40}})

    assert found.channels["targeted"].ballots == 300
    assert found.channels["targeted"].sections_per_ballot == 7
    assert found.channels["other"].ballots == 6000
    assert (found.one_line.quota, found.one_line.clients) == (40, 0)


def test_every_kind_of_difficulty_has_a_spread_of_its_own():
    assert read({"difficulty": "flat"}).spread == Fraction("0.12")
    assert read({"difficulty": "tenbad", "spread": "0.2"}).spread == Fraction("0.2")


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "文件"),
        ({"ballots": 5}, "ballots"),
        ({"channels": {"phone": {}}}, "phone"),
        ({"channels": {"targeted": 5}}, "channels.targeted"),
        ({"channels": {"targeted": {"return": 1}}}, "return"),
        ({"channels": {"targeted": {"ballots": -1}}}, "channels.targeted.ballots"),
        ({"channels": {"targeted": {"ballots": 10**9}}}, "channels.targeted.ballots"),
        ({"channels": {"targeted": {"ballots": True}}}, "channels.targeted.ballots"),
        ({"channels": {"other": {"return_rate": "1.1"}}}, "channels.other.return_rate"),
        ({"channels": {"other": {"sections_per_ballot": "1/2"}}}, "channels.other.sections_per_ballot"),
        ({"difficulty": "hard"}, "difficulty"),
        ({"difficulty": ["normal"]}, "difficulty"),
        ({"spread": "a"}, "spread"),
        ({"strata": 1}, "strata"),
        ({"attacks": "no"}, "attacks"),
        ({"hearsay": 2}, "hearsay"),
        ({"one_line": []}, "one_line"),
        ({"one_line": {"quota": 40, "up_to": 60}}, "one_line.up_to"),
        ({"one_line": {"clients": "many"}}, "one_line.clients"),
        ({"one_line": {"letters": 110}}, "one_line.quota"),
        ({"one_line": {"quota": 40, "letters": 110, "top_ups": 6}}, "one_line.top_ups"),
        ({"one_line": {"top_up_percent": 0}}, "one_line.top_up_percent"),
    ],
)
def test_a_fault_is_refused_by_the_name_of_its_setting(document, named):
    with pytest.raises(ExpectationError, match=named):
        read(document)
