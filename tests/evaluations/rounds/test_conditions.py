"""Missing conditions lead to where they are mended, and name whom they wait for."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import resolve

from evaluations.lifecycle.approvals import start_settlement
from evaluations.rounds.permissions import DOORS, conditions
from evaluations.rounds.queries import lacks_for
from evaluations.rounds.rules.lacks import FOR_THE_CLOCK, MENDED_BY, Lack, Place, lacks_at
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState, Step
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import STAFF_ROLES, User
from tests.factories import NOON, ROLES, make_round, make_user

pytestmark = pytest.mark.django_db
# A reference that fits every place: a purpose for draws, a key for rows.
REFS = {Place.DRAW: DrawPurpose.EVALUATORS, Place.PLANNED_DRAW: DrawPurpose.EVALUATORS, Place.POOL: "evaluators"}


KEYS = {role: key for key, role in ROLES.items()}


def account(role, name=""):
    user = make_user(KEYS[role])
    user.name = name or user.name
    user.save()
    return user


def shown(round_, user, *lacks):
    return conditions(round_, list(lacks), user)


def test_every_place_has_a_page_and_somebody_who_mends_it_or_waits_for_the_clock():
    round_ = make_round()

    for place in Place:
        address = DOORS[place].address(round_, REFS.get(place, "1"))
        assert resolve(address.partition("?")[0].partition("#")[0])
        assert place in FOR_THE_CLOCK or policy.starters(MENDED_BY[place]), place


def test_whoever_mends_a_condition_can_open_its_page(settings):
    settings.TWO_PERSON_RULE = True

    for place in set(Place) - FOR_THE_CLOCK:
        for role in policy.starters(MENDED_BY[place]):
            assert DOORS[place].opens_for(User(role=role)), (place, role)


def test_a_place_that_the_account_may_not_open_has_no_link():
    round_ = make_round()
    (mine,) = shown(round_, account(Role.CHIEF), Lack("缺名录。", Place.ROSTER))
    (theirs,) = shown(round_, account(Role.COMMISSION), Lack("缺名录。", Place.ROSTER))

    assert theirs.address == ""
    assert mine.text == theirs.text == "缺名录。"


def test_a_condition_names_the_role_and_the_person_it_waits_for(settings):
    settings.TWO_PERSON_RULE = True
    account(Role.CLERK, "王五")

    (line,) = shown(make_round(), account(Role.CHIEF), Lack("缺名录。", Place.ROSTER))

    assert line.waits_for == "等待评议办工作人员（王五）办理"


def test_a_role_of_many_people_is_not_named_by_person(settings):
    settings.TWO_PERSON_RULE = True
    for _ in range(4):
        account(Role.CLERK)

    (line,) = shown(make_round(), account(Role.CHIEF), Lack("缺名录。", Place.ROSTER))

    assert line.waits_for == "等待评议办工作人员办理"


def test_whoever_can_mend_it_is_not_told_to_wait(settings):
    settings.TWO_PERSON_RULE = True

    (line,) = shown(make_round(), account(Role.CLERK), Lack("缺名录。", Place.ROSTER))

    assert line.waits_for == ""
    assert line.address


def test_a_condition_that_is_proposed_names_proposer_and_approver(settings):
    settings.TWO_PERSON_RULE = True
    round_, clerk = make_round(), account(Role.CLERK, "王五")
    chief = account(Role.CHIEF, "李四")
    start_settlement(round_id=round_.pk, by=clerk, at=NOON)

    (line,) = shown(round_, clerk, Lack("方案没有审定。", Place.SETTLEMENT))

    assert line.waits_for == f"王五已提请，等待评议办负责人（{chief.name}）审批"


def test_conditions_are_read_in_a_fixed_number_of_queries(django_assert_num_queries):
    round_, user = make_round(), account(Role.CLERK)
    texts = [f"第{number}批没有清点。" for number in range(30)]

    with django_assert_num_queries(2):
        shown(round_, user, *lacks_at(Place.PAPER, texts, "1"))


def test_the_rounds_page_links_each_condition_to_its_place(settings):
    settings.TWO_PERSON_RULE = True
    round_, clerk = make_round(state=RoundState.DRAFT), account(Role.CLERK)
    client = Client()
    client.force_login(clerk)

    page = client.get(f"/admin/evaluations/round/{round_.pk}/change/").content.decode()

    assert f"/admin/evaluations/round/{round_.pk}/settle/" in page
    assert "去办理" in page


def test_what_the_clock_brings_waits_for_nobody():
    round_ = make_round(state=RoundState.OPEN, closes_at=NOON + timedelta(days=1))

    lines = shown(round_, account(Role.CLERK), *lacks_for(round_, Step.SEAL, NOON))

    assert [line.waits_for for line in lines] == ["到期后自动具备"]


def test_only_the_staff_has_pages_of_the_desk():
    assert Role.SUPERVISOR not in STAFF_ROLES
    assert not DOORS[Place.ALERTS].opens_for(account(Role.SUPERVISOR))
