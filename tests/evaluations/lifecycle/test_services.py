"""The steps of a round: in their order, with their conditions, by the right role."""

from datetime import timedelta

import pytest

from departments.models import Section
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.lifecycle import services as lifecycle
from evaluations.rounds.models import Round
from evaluations.rounds.queries import lacks_for
from evaluations.rounds.rules.lacks import Place
from evaluations.rounds.rules.lifecycle import LIFE, RoundState, Step, next_step
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import NOON, make_codes, make_manifestations, make_open_round, make_round, make_section, make_user

pytestmark = pytest.mark.django_db
SERVICES = {
    Step.FREEZE: lifecycle.freeze_round,
    Step.CONFIRM_DRAWS: lifecycle.confirm_draws,
    Step.OPEN: lifecycle.open_round,
    Step.ANNOUNCE: lifecycle.announce_result,
}


def test_freezing_copies_sections_heads_and_rules():
    section = make_section(head="科长丁")
    round_ = make_round()

    lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    Section.objects.update(name="改名以后")

    frozen = round_.sections.get()
    assert (frozen.name, frozen.head_name) == (section.name, "科长丁")
    round_.refresh_from_db()
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    assert [s.name for s in form.sections] == [section.name]
    assert len(form.manifestations) == 30
    assert round_.state == RoundState.FROZEN


def test_an_empty_roster_cannot_be_frozen():
    round_ = make_round()

    with pytest.raises(RuleViolation, match="名录为空"):
        lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)

    round_.refresh_from_db()
    assert round_.state == RoundState.DRAFT
    assert not AuditEntry.objects.exists()


def test_a_faulty_rulebook_cannot_be_frozen():
    make_section()
    round_ = make_round(rulebook={"list_length": 0})

    with pytest.raises(RuleViolation, match="评议规则有误"):
        lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)


@pytest.mark.parametrize(("phone", "text"), [("", "还没有填写"), ("见公告", "不像电话号码")])
def test_a_round_whose_office_nobody_can_call_is_not_frozen(phone, text):
    make_section()
    make_manifestations()
    round_ = make_round(rulebook={"office_phone": phone})

    (lack,) = lacks_for(round_, Step.FREEZE, NOON)
    assert (lack.place, text in lack.text) == (Place.RULEBOOK, True)
    with pytest.raises(RuleViolation, match=text):
        lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)


def test_a_round_frozen_before_without_a_telephone_goes_on():
    round_ = make_round(state=RoundState.FROZEN)
    del round_.rulebook["office_phone"]
    round_.save()

    assert not [lack for lack in lacks_for(round_, Step.CONFIRM_DRAWS, NOON) if "电话" in lack.text]


@pytest.mark.parametrize("step", list(SERVICES))
@pytest.mark.parametrize("state", LIFE)
def test_a_step_is_refused_in_any_other_state_and_changes_nothing(step, state):
    round_ = make_round(state=state)
    if next_step(state) == step:
        pytest.skip("this is its own state")
    by = make_user("chief")

    with pytest.raises(RuleViolation, match=f"当前为“{state.label}”"):
        SERVICES[step](round_id=round_.pk, by=by, at=NOON)

    round_.refresh_from_db()
    assert round_.state == state
    assert not round_.steps.exists()


def test_draws_must_be_done_before_they_are_confirmed():
    round_ = make_round(state=RoundState.FROZEN)

    with pytest.raises(RuleViolation, match="“抽取监督员”尚未完成") as refusal:
        lifecycle.confirm_draws(round_id=round_.pk, by=make_user("chief"), at=NOON)

    assert len(refusal.value.reasons) == 2


def test_a_round_opens_only_when_every_channel_has_codes():
    round_ = make_round(state=RoundState.DRAWN)
    make_codes(round_)

    with pytest.raises(RuleViolation) as refusal:
        lifecycle.open_round(round_id=round_.pk, by=make_user("chief"), at=NOON)

    assert [r[:8] for r in refusal.value.reasons] == ["渠道“抽样评议”", "渠道“其他评议”"]


def test_only_one_round_is_open_at_a_time():
    make_open_round()
    second = make_round(state=RoundState.DRAWN, rulebook={"channels": {"targeted": {"weight": 1, "drawn": True}}})
    make_codes(second)

    with pytest.raises(RuleViolation, match="同一时间只能有一个轮次"):
        lifecycle.open_round(round_id=second.pk, by=make_user("chief"), at=NOON)


def test_an_extension_is_never_backwards_and_needs_the_commission():
    round_ = make_open_round()

    with pytest.raises(RuleViolation, match="必须晚于"):
        lifecycle.extend_round(round_id=round_.pk, closes_at=NOON, reason="停电", by=make_user("commission"), at=NOON)
    with pytest.raises(Denied):
        lifecycle.extend_round(
            round_id=round_.pk, closes_at=NOON + timedelta(days=9), reason="停电", by=make_user("chief"), at=NOON
        )


def test_a_void_round_keeps_its_record_and_takes_no_further_step():
    round_ = make_open_round()

    lifecycle.void_round(round_id=round_.pk, reason="名单有误", by=make_user("commission"), at=NOON)

    round_.refresh_from_db()
    assert round_.state == RoundState.VOID
    assert round_.sections.exists()
    with pytest.raises(RuleViolation, match="不能作废"):
        lifecycle.void_round(round_id=round_.pk, reason="再来", by=make_user("commission"), at=NOON)


def test_a_published_round_cannot_be_void():
    round_ = make_round(state=RoundState.PUBLISHED)

    with pytest.raises(RuleViolation, match="只能发布更正"):
        lifecycle.void_round(round_id=round_.pk, reason="x", by=make_user("commission"), at=NOON)


def test_each_step_writes_one_audit_row_with_its_author():
    make_section()
    round_, chief = make_round(), make_user("chief")

    lifecycle.freeze_round(round_id=round_.pk, by=chief, at=NOON)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.role, entry.object_id) == ("roster.freeze", chief, "H", str(round_.pk))
    assert list(round_.steps.values_list("state", "by")) == [(RoundState.FROZEN, chief.pk)]


@pytest.mark.parametrize("role", ["clerk", "commission", "liaison", "sysadmin", "auditor"])
def test_only_the_chief_freezes_the_roster(role):
    make_section()
    round_ = make_round()

    with pytest.raises(Denied):
        lifecycle.freeze_round(round_id=round_.pk, by=make_user(role), at=NOON)

    assert Round.objects.get().state == RoundState.DRAFT
