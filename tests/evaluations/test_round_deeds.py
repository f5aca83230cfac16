"""A round's steps take two persons: the clerk proposes, the chief (or the commission) approves exactly that."""

from datetime import timedelta

import pytest

from evaluations.models import Round
from evaluations.round_deeds import ROUND_DEEDS, start_step
from evaluations.rules.rounds import RoundState, Step
from evaluations.services import round as steps
from evaluations.services.tally import tally_round
from nanchuan_eval import approvals, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import Approval
from tests.factories import (
    NOON,
    make_manifestations,
    make_open_round,
    make_round,
    make_sealed_round,
    make_section,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    make_manifestations()
    make_section()
    return make_round()


@pytest.fixture
def two_persons(settings):
    settings.TWO_PERSON_RULE = True


def approve(by, approval=None):
    approval = approval or Approval.objects.get()
    return approvals.approve(approval_id=approval.pk, by=make_user(by), at=NOON)


def test_the_clerk_proposes_and_the_chief_freezes(client, draft, two_persons):
    client.force_login(make_user("clerk"))
    page = client.post(f"/admin/evaluations/round/{draft.pk}/step/freeze/", follow=True).content.decode()
    draft.refresh_from_db()
    assert "已提请" in page
    assert draft.state == RoundState.DRAFT

    approve("chief")

    draft.refresh_from_db()
    assert draft.state == RoundState.FROZEN


def test_the_chief_alone_is_refused_in_words(draft, two_persons):
    with pytest.raises(policy.NeedsApproval, match="不能一人办理"):
        steps.freeze_round(round_id=draft.pk, by=make_user("chief"), at=NOON)
    with pytest.raises(policy.Denied):
        start_step(step=Step.FREEZE, round_id=draft.pk, by=make_user("chief"), at=NOON)


def test_a_roster_changed_after_the_proposal_voids_it(draft, two_persons):
    start_step(step=Step.FREEZE, round_id=draft.pk, by=make_user("clerk"), at=NOON)
    make_section(name="新科室")

    with pytest.raises(RuleViolation, match="已失效"):
        approve("chief")

    draft.refresh_from_db()
    assert draft.state == RoundState.DRAFT


def test_rules_changed_after_the_proposal_void_it(draft, two_persons):
    start_step(step=Step.FREEZE, round_id=draft.pk, by=make_user("clerk"), at=NOON)
    Round.objects.filter(pk=draft.pk).update(rulebook={**draft.rulebook, "list_length": 9})

    with pytest.raises(RuleViolation, match="已失效"):
        approve("chief")


def test_what_a_step_still_lacks_is_said_before_anybody_is_asked(two_persons):
    round_ = make_round()
    with pytest.raises(RuleViolation, match="名录为空"):
        start_step(step=Step.FREEZE, round_id=round_.pk, by=make_user("clerk"), at=NOON)
    assert not Approval.objects.exists()


def test_counting_takes_two(settings):
    round_ = make_sealed_round()
    settings.TWO_PERSON_RULE = True
    with pytest.raises(policy.NeedsApproval):
        tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)

    start_step(step=Step.COUNT, round_id=round_.pk, by=make_user("clerk"), at=round_.closes_at)
    approve("chief")

    round_.refresh_from_db()
    assert round_.state == RoundState.COUNTED


def test_an_extension_is_proposed_by_the_chief_and_approved_by_the_commission(client, settings):
    round_ = make_open_round()
    settings.TWO_PERSON_RULE = True
    later = round_.closes_at + timedelta(days=2)
    client.force_login(make_user("chief"))
    address = f"/admin/evaluations/round/{round_.pk}/extend/"

    client.post(address, {"closes_at": later.strftime("%Y-%m-%d %H:%M"), "reason": "停电"})

    approval = Approval.objects.get()
    with pytest.raises(policy.Denied):
        approve("chief", approval)
    approve("commission", approval)
    before, round_ = round_.closes_at, Round.objects.get(pk=round_.pk)
    assert round_.closes_at > before


def test_voiding_a_round_takes_the_commission(settings):
    round_ = make_open_round()
    settings.TWO_PERSON_RULE = True
    approvals.propose("round.void", round_, by=make_user("chief"), at=NOON, reason="名录有误")
    approve("commission")
    round_.refresh_from_db()
    assert round_.state == RoundState.VOID


@pytest.mark.parametrize("deed", ROUND_DEEDS, ids=lambda deed: deed.name)
def test_every_deed_is_one_of_the_tables_acts_of_two(deed):
    assert policy.proposers_of(deed.action)
    assert policy.doers(deed.action)


def test_with_the_rule_off_the_chief_does_it_at_once(client, draft):
    client.force_login(make_user("chief"))
    client.post(f"/admin/evaluations/round/{draft.pk}/step/freeze/")
    draft.refresh_from_db()
    assert draft.state == RoundState.FROZEN
