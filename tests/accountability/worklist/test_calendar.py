"""The calendar on the home page: which stages each role sees, and how they stand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accountability.cases.rules.measures import CaseState, MeasureState
from accountability.rectifications.rules import RectificationState
from accountability.worklist.queries.calendar import calendar_for
from evaluations.pools.models import PoolNotice
from evaluations.rounds.models import RoundStep
from evaluations.rounds.queries import objections_until
from evaluations.rounds.rules.calendar import OFFSETS, Standing
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import SectionResult
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    make_account,
    make_bare_round,
    make_case,
    make_measure,
    make_published_round,
    make_rectification,
)
from tests.factories import NOON, make_round

pytestmark = pytest.mark.django_db


def lines(role, at=NOON):
    (calendar,) = calendar_for(make_account(role, "D01" if role == Role.LIAISON else ""), at)
    return {line.key: line for line in calendar.lines}


def stages(role, at=NOON):
    return {key: line.standing for key, line in lines(role, at).items()}


def tell_units(round_, at):
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=at)


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


def test_a_unit_reads_the_last_day_on_which_it_can_object():
    round_ = make_round(state=RoundState.REVIEW, opens_at=NOON - timedelta(20), closes_at=NOON - timedelta(6))
    tell_units(round_, NOON)

    found = lines(Role.LIAISON)

    assert found["objections"].on == objections_until(round_)
    assert found["objections"].standing == Standing.AHEAD
    assert found["publish"].on > found["objections"].on


def test_what_is_done_stands_with_the_day_on_which_it_was_done():
    round_ = make_round(state=RoundState.REVIEW, opens_at=NOON - timedelta(15), closes_at=NOON - timedelta(1))
    tell_units(round_, NOON)

    told = lines(Role.CHIEF)["announce"]

    assert (told.standing, told.on) == (Standing.DONE, timezone.localdate(NOON))  # a week before the planned day


def test_a_step_without_a_record_has_no_day():
    make_round(state=RoundState.REVIEW, opens_at=NOON - timedelta(15), closes_at=NOON - timedelta(1))

    assert not lines(Role.CHIEF)["announce"].has_day


def test_the_end_of_the_objections_is_never_late():
    round_ = make_round(state=RoundState.REVIEW, opens_at=NOON - timedelta(30), closes_at=NOON - timedelta(20))
    tell_units(round_, NOON - timedelta(10))

    ended = lines(Role.LIAISON)["objections"]

    assert (ended.standing, ended.on) == (Standing.DONE, objections_until(round_))


def test_units_not_told_yet_have_not_missed_their_objections():
    make_round(state=RoundState.COUNTED, opens_at=NOON - timedelta(60), closes_at=NOON - timedelta(40))

    assert stages(Role.LIAISON)["objections"] == Standing.AHEAD


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_without_a_listed_section_the_stages_after_the_list_do_not_apply(is_withdrawn):
    if is_withdrawn:
        case = make_case(make_bare_round(state=RoundState.PUBLISHED), state=CaseState.CLOSED, closed_at=NOON)
        make_measure(case, "talk_leader", state=MeasureState.DONE, record="已谈", done_on=NOON.date())
        make_rectification(case, state=RectificationState.CANCELLED, submitted_at=NOON)
        SectionResult.objects.update(is_listed=False)
    else:
        make_bare_round(state=RoundState.PUBLISHED)

    found = stages(Role.CHIEF)

    assert {found[key] for key in ("talks", "plans", "reports", "inspections")} == {Standing.NEEDLESS}


def test_a_stage_after_the_list_is_done_on_the_day_of_the_last_case():
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    for place, code in enumerate(("D01-01", "D01-02"), 1):
        case = make_case(round_, code=code)
        case.measures.update(state=MeasureState.DONE, record="已谈", done_on=NOON.date() + timedelta(place))
        make_rectification(case, submitted_at=NOON + timedelta(place))

    found = lines(Role.CHIEF)

    assert (found["talks"].standing, found["talks"].on) == (Standing.DONE, NOON.date() + timedelta(2))
    assert (found["plans"].standing, found["plans"].on) == (Standing.DONE, timezone.localdate(NOON + timedelta(2)))
    assert found["reports"].standing != Standing.DONE


@pytest.mark.parametrize("state", [RoundState.SEALED, RoundState.COUNTED])
def test_a_draw_of_sampled_ballots_that_is_not_needed_is_not_held(state):
    make_round(state=state)

    assert stages(Role.CHIEF)["counted"] == Standing.NOT_HELD


def test_the_next_roster_is_due_when_the_next_round_says_and_done_once_it_is_locked():
    make_bare_round(state=RoundState.PUBLISHED)
    coming = make_bare_round("2020H2", RoundState.DRAFT)

    def stage():
        found = calendar_for(make_account(Role.CHIEF), NOON)
        return next(line for each in found for line in each.lines if line.key == "next" and each.name != coming.name)

    assert stage().on == timezone.localdate(coming.opens_at) - timedelta(OFFSETS["freeze"])
    assert stage().standing != Standing.DONE

    RoundStep.objects.create(round=coming, state=RoundState.FROZEN, at=NOON)

    assert (stage().standing, stage().on) == (Standing.DONE, timezone.localdate(NOON))


def test_an_open_vote_has_its_calendar_beside_an_older_round_before_its_list():
    rounds = [make_round(state=state) for state in (RoundState.REVIEW, RoundState.OPEN)]

    assert {each.round_id for each in calendar_for(make_account(Role.CHIEF), NOON)} == {each.pk for each in rounds}


def test_the_rounds_to_come_have_no_calendar_of_their_own(django_assert_num_queries):
    for _ in range(10):
        make_round()

    user = make_account(Role.CHIEF)

    with django_assert_num_queries(2):
        assert len(calendar_for(user, NOON)) == 1
