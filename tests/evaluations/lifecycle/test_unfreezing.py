"""A frozen roster is released by two persons while no draw is committed; the record of it stays."""

import pytest

from departments.models import Section
from evaluations.codes.services.voiding import recall_batch
from evaluations.draws.services.commitment import abandon_draw
from evaluations.lifecycle import services as lifecycle
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round, Unfreezing
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.services import edit_rulebook
from evaluations.verification.services import verify_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import (
    NOON,
    commit,
    make_codes,
    make_manifestations,
    make_pool,
    make_round,
    make_section,
    make_user,
)
from tests.factories import plan as plan_draw

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen():
    make_manifestations()
    make_section(name="办证科")
    round_ = make_round()
    freeze(round_)
    return round_


def freeze(round_):
    lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    round_.refresh_from_db()


def unfreeze(round_, reason="漏列一个科室"):
    done = lifecycle.unfreeze_round(round_id=round_.pk, reason=reason, by=make_user("chief"), at=NOON)
    round_.refresh_from_db()
    return done


def faults(round_):
    return [fault for _, found in verify_round(round_) for fault in found]


def refused(round_, match):
    with pytest.raises(RuleViolation, match=match):
        unfreeze(round_)
    round_.refresh_from_db()
    assert round_.state == RoundState.FROZEN
    assert round_.sections.exists()
    assert round_.ballot_form
    assert not Unfreezing.objects.exists()
    assert not AuditEntry.objects.filter(action="round.unfreeze").exists()


def test_a_round_unfrozen_is_a_draft_whose_roster_and_rules_can_be_changed(frozen):
    digest = frozen.ballot_form_sha256

    done = unfreeze(frozen)

    assert (frozen.state, frozen.ballot_form, frozen.ballot_form_sha256) == (RoundState.DRAFT, "", "")
    assert frozen.privacy_notice == {}
    assert not frozen.sections.exists()
    assert (done.ballot_form_sha256, done.sections, done.reason) == (digest, 1, "漏列一个科室")
    edit_rulebook(round_id=frozen.pk, rulebook={**frozen.rulebook, "list_length": 8}, by=make_user("chief"), at=NOON)


def test_a_round_frozen_again_takes_the_corrected_roster_and_verifies(frozen):
    unfreeze(frozen)
    assert faults(frozen) == verify_chain() == []
    make_section(name="窗口科")
    Section.objects.filter(name="办证科").update(name="证照科")

    freeze(frozen)

    assert set(frozen.sections.values_list("name", flat=True)) == {"证照科", "窗口科"}
    assert faults(frozen) == verify_chain() == []


def test_the_record_of_an_unfreezing_cannot_be_changed_unseen(frozen):
    unfreeze(frozen)

    Unfreezing.objects.update(reason="没有理由")

    assert any("解除锁定" in fault for fault in verify_chain())


def test_pools_notices_and_planned_draws_stay(frozen):
    make_pool(frozen, PoolKind.SUPERVISORS)
    plan_draw(frozen, DrawPurpose.SUPERVISORS)

    unfreeze(frozen)

    assert frozen.pool.exists()
    assert frozen.pool_notices.filter(withdrawn_at=None).exists()
    assert frozen.planned_draws.exists()


def test_a_committed_draw_forbids_unfreezing_until_it_is_abandoned(frozen):
    make_pool(frozen, PoolKind.SUPERVISORS)
    draw = commit(frozen, DrawPurpose.SUPERVISORS)
    refused(frozen, "先作废该项抽取")

    abandon_draw(draw_id=draw.pk, reason="名录有误", by=make_user("chief"), at=NOON)
    unfreeze(frozen)
    freeze(frozen)

    assert frozen.draws.count() == 1
    assert faults(frozen) == verify_chain() == []


def test_codes_in_use_forbid_unfreezing_until_their_batch_is_stopped(frozen):
    make_codes(frozen)
    refused(frozen, "先停用该批次")

    recall_batch(batch_id=frozen.batches.get().pk, reason="名录有误", by=make_user("chief"), at=NOON)

    assert unfreeze(frozen)


@pytest.mark.parametrize("state", [RoundState.DRAFT, RoundState.DRAWN, RoundState.OPEN, RoundState.VOID])
def test_only_a_frozen_round_can_be_unfrozen(frozen, state):
    Round.objects.filter(pk=frozen.pk).update(state=state)

    with pytest.raises(RuleViolation, match="只有“名录锁定”的轮次可以解除锁定"):
        unfreeze(frozen)

    frozen.refresh_from_db()
    assert frozen.state == state
    assert frozen.sections.exists()


def test_a_reason_is_required(frozen):
    with pytest.raises(RuleViolation, match="理由"):
        unfreeze(frozen, reason=" ")
    frozen.refresh_from_db()
    assert frozen.state == RoundState.FROZEN


class TestTwoPersons:
    @pytest.fixture(autouse=True)
    def two_persons(self, frozen, settings):
        settings.TWO_PERSON_RULE = True

    def test_the_clerk_proposes_what_goes_and_what_stays_and_the_chief_approves(self, client, frozen):
        client.force_login(make_user("clerk"))
        address = f"/admin/evaluations/round/{frozen.pk}/unfreeze/"
        assert "名单库" in client.get(address).content.decode()
        page = client.post(address, {"reason": "漏列一个科室"}, follow=True).content.decode()
        assert "已提请" in page
        approval = approvals.Approval.objects.pending().get()
        assert approval.content["评议表校验值"] == frozen.ballot_form_sha256
        assert "快照" in approval.content["解除后作废"]
        assert "名单库" in approval.content["解除后保留"]

        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)

        frozen.refresh_from_db()
        assert frozen.state == RoundState.DRAFT
        client.force_login(make_user("chief"))
        page = client.get(f"/admin/evaluations/round/{frozen.pk}/change/").content.decode()
        assert "解除锁定（原于" in page
        assert "漏列一个科室" in page

    def test_what_cannot_be_unfrozen_is_not_proposed(self, frozen):
        make_codes(frozen)
        with pytest.raises(RuleViolation, match="先停用该批次"):
            approvals.propose("round.unfreeze", frozen, by=make_user("clerk"), at=NOON, reason="有误")
        assert not approvals.Approval.objects.exists()

    def test_neither_alone_may_unfreeze(self, frozen):
        with pytest.raises(policy.NeedsApproval):
            lifecycle.unfreeze_round(round_id=frozen.pk, reason="有误", by=make_user("chief"), at=NOON)
        with pytest.raises(policy.Denied):
            lifecycle.unfreeze_round(round_id=frozen.pk, reason="有误", by=make_user("clerk"), at=NOON)


def test_the_page_of_voiding_says_that_the_key_is_used_up(client, frozen):
    client.force_login(make_user("commission"))
    page = client.get(f"/admin/evaluations/round/{frozen.pk}/void/").content.decode()
    assert "不能再用" in page
    assert "解除锁定" in page
