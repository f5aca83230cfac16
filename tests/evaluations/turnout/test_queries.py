"""Turnout by channel: issued, returned, valid and counted ballots; small figures hidden."""

import pytest

from evaluations.ballot_form.rules.votes import Origin
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.method import Channel
from evaluations.turnout.queries import disclosed_turnout, turnout
from tests.factories import cast_ballots, make_codes, make_open_round, make_sealed_round

pytestmark = pytest.mark.django_db


def test_a_ballot_without_a_valid_line_is_neither_valid_nor_counted():
    round_ = make_sealed_round(targeted=3, sampled=2)
    ratings = round_.ballots.filter(channel="targeted").first().ratings
    ratings.update(cold=None, lazy=None, buck_passing=None)

    figures = {
        row["channel"]: (row["issued"], row["returned"], row["valid"], row["counted"]) for row in turnout(round_)
    }

    assert figures == {"targeted": (3, 3, 2, 2), "sampled": (2, 2, 2, 0), "other": (0, 0, 0, 0)}


def test_a_drawn_ballot_without_a_valid_line_is_not_counted():
    round_ = make_sealed_round(sampled=3)
    round_.ballots.filter(channel="sampled").update(is_counted=True)
    round_.ballots.filter(channel="sampled").first().ratings.update(cold=None, lazy=None, buck_passing=None)

    sampled = {row["channel"]: row for row in turnout(round_)}["sampled"]

    assert (sampled["returned"], sampled["valid"], sampled["counted"]) == (3, 2, 2)


def test_fewer_than_five_ballots_of_a_channel_are_hidden():
    round_ = make_sealed_round(targeted=4, sampled=6)

    shown = {row["channel"]: row["returned"] for row in disclosed_turnout(round_)}

    assert shown == {"targeted": "不单独公布", "sampled": "不单独公布", "other": 0}


def test_all_figures_of_a_channel_of_few_codes_are_hidden_even_none():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 7))
    make_codes(round_, 1, channel=Channel.SAMPLED, origin=Origin.HALL)

    assert [(row["issued"], row["returned"]) for row in disclosed_turnout(round_)] == [
        (7, "不单独公布"),
        (1, "不单独公布"),
        (0, 0),
    ]


def test_nothing_is_said_of_valid_ballots_before_the_box_is_opened():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 7))

    row = disclosed_turnout(round_)[0]

    assert (row["issued"], row["returned"], row["valid"], row["counted"]) == (7, 7, "开箱后统计", "开箱后统计")


def test_a_round_voided_before_its_box_was_opened_has_no_valid_ballots_to_tell_of():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 7))
    Round.objects.update(state=RoundState.VOID)
    round_.refresh_from_db()

    row = disclosed_turnout(round_)[0]

    assert (row["returned"], row["valid"], row["counted"]) == (7, "没有开箱", "没有开箱")


def test_a_round_voided_before_its_count_counted_none():
    round_ = make_sealed_round(targeted=6, sampled=6)
    Round.objects.update(state=RoundState.VOID)
    round_.refresh_from_db()

    rows = disclosed_turnout(round_)

    assert [(row["valid"], row["counted"]) for row in rows[:2]] == [(6, "没有计票"), (6, "没有计票")]


def test_no_sampled_ballot_is_said_not_to_count_before_the_tally_that_counts_all():
    round_ = make_sealed_round(targeted=6, sampled=6)
    round_.refresh_from_db()

    counted = {row["channel"]: row["counted"] for row in disclosed_turnout(round_)}

    assert (counted["targeted"], counted["sampled"]) == (6, "计票后统计")
