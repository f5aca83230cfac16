"""Readiness of a step: the page and the refusal give the same reasons."""

from datetime import timedelta

import pytest

from evaluations.lifecycle import services as lifecycle
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from nanchuan_eval.core.errors import RuleViolation
from tests.factories import NOON, make_round, make_user

pytestmark = pytest.mark.django_db


def test_a_refused_step_names_what_the_page_shows_as_missing():
    round_ = make_round(state=RoundState.FROZEN)

    shown = missing_for(round_, Step.CONFIRM_DRAWS, NOON)
    with pytest.raises(RuleViolation) as refusal:
        lifecycle.confirm_draws(round_id=round_.pk, by=make_user("chief"), at=NOON)

    assert list(refusal.value.reasons) == shown


def test_a_round_waits_for_the_objection_period_counted_in_working_days():
    round_ = make_round(state=RoundState.COUNTED)
    lifecycle.announce_result(round_id=round_.pk, by=make_user("chief"), at=NOON)  # a Monday
    round_.refresh_from_db()

    assert missing_for(round_, Step.PUBLISH, NOON + timedelta(days=3)) == ["异议期至2026年3月5日止，期满后方可公示。"]
    assert missing_for(round_, Step.PUBLISH, NOON + timedelta(days=4)) == []
