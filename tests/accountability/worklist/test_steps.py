"""What rounds in hand wait for: the most advanced one before its list, and the one whose vote is open."""

from datetime import timedelta

import pytest

from accountability.worklist.queries.items import work_items_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from tests.factories import NOON, make_round, make_user, plan

pytestmark = pytest.mark.django_db


def keys(role, at=NOON):
    return {item.key for item in work_items_of(make_user(role), at=at)}


def test_a_box_that_waits_for_its_supervisors_is_told_beside_an_older_round_before_its_list():
    make_round(state=RoundState.REVIEW)
    round_ = make_round(state=RoundState.OPEN, rulebook={"box_key": "supervisors"})

    assert f"open-box-{round_.pk}" in keys("clerk", round_.closes_at)


def test_a_draw_of_counted_ballots_that_an_extension_left_behind_is_announced_anew():
    round_ = make_round(state=RoundState.OPEN)
    planned = plan(round_, DrawPurpose.COUNTED, held_at=round_.closes_at)
    assert f"replan-{planned.pk}" not in keys("chief")

    Round.objects.filter(pk=round_.pk).update(closes_at=round_.closes_at + timedelta(days=5))

    assert f"replan-{planned.pk}" in keys("chief")
