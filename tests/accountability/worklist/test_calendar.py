"""The calendar on the home page: which stages each role sees, and how they stand."""

from datetime import timedelta

import pytest

from accountability.worklist.queries.calendar import calendar_for
from evaluations.pools.models import PoolNotice
from evaluations.rounds.rules.calendar import Standing
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_published_round
from tests.factories import NOON, make_round

pytestmark = pytest.mark.django_db


def stages(role, at=NOON):
    (calendar,) = calendar_for(make_account(role, "D01" if role == Role.LIAISON else ""), at)
    return {line.key: line.standing for line in calendar.lines}


def test_without_a_round_in_work_there_is_no_calendar():
    make_round(state=RoundState.CLOSED)

    assert calendar_for(make_account(Role.CHIEF), NOON) == []


def test_the_state_and_the_records_show_what_is_done():
    round_ = make_round(state=RoundState.FROZEN, opens_at=NOON + timedelta(5), closes_at=NOON + timedelta(25))
    for kind in ("supervisors", "evaluators"):
        PoolNotice.objects.create(round=round_, kind=kind, announced_at=NOON, objections_until=NOON.date())

    found = stages(Role.CLERK)

    assert found["freeze"] == found["pools"] == Standing.DONE
    assert found["supervisors"] == found["evaluators"] == Standing.LATE
    assert found["open"] == Standing.AHEAD


def test_after_publication_the_talks_and_plans_show_when_they_are_done():
    make_published_round(places=2)

    found = stages(Role.CHIEF, LATER)

    assert found["publish"] == Standing.DONE
    assert found["plans"] != Standing.DONE


def test_a_unit_sees_its_own_stages_and_never_the_visits():
    make_published_round(places=2)

    found = stages(Role.LIAISON, LATER)

    assert {"announce", "objections", "plans", "reports"} <= found.keys()
    assert "inspections" not in found


def test_the_rounds_to_come_have_no_calendar_of_their_own(django_assert_num_queries):
    for _ in range(10):
        make_round()

    user = make_account(Role.CHIEF)

    with django_assert_num_queries(2):
        assert len(calendar_for(user, NOON)) == 1
