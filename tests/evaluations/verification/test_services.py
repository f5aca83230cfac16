"""verify_round: an untouched round passes; a single change made directly in the database is found."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from evaluations.ballots.models import Ballot, Rating
from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.models import Draw
from evaluations.lifecycle.approvals import start_step
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, Step
from evaluations.tally.models import Tally
from evaluations.tally.services.tally import tally_round
from evaluations.verification.services import verify_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from tests.evaluations.tally.factories import SMALL
from tests.factories import NOON, hold_draw, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=4)


@pytest.fixture
def counted():
    """A counted round with a counting draw."""
    round_ = make_sealed_round(targeted=5, sampled=5, level="2", rulebook=SMALL)
    hold_draw(round_, DrawPurpose.COUNTED)
    tally_round(round_id=round_.pk, by=make_user("chief"), at=LATER)
    round_.refresh_from_db()
    return round_


def faults(round_):
    return [name for name, found in verify_round(round_) if found]


def change_a_level(round_):
    Rating.objects.filter(pk=Rating.objects.filter(round=round_, is_counted=True).first().pk).update(cold=0)


def drop_a_ballot(round_):
    ballot = Ballot.objects.filter(round=round_).first()
    ballot.ratings.all().delete()
    Ballot.objects.filter(pk=ballot.pk).delete()


def count_an_undrawn_ballot(round_):
    ballot = Ballot.objects.filter(round=round_, is_counted=True).first()
    Ballot.objects.filter(pk=ballot.pk).update(is_counted=False)
    ballot.ratings.update(is_counted=False)


def add_a_used_code(round_):
    batch = CodeBatch.objects.filter(round=round_).first()
    Credential.objects.create(issue="0" * 64, spend="1" * 64, batch=batch)


def rewrite_the_seed(round_):
    Draw.objects.filter(round=round_).update(seed="0" * 64)


def move_the_commitment(round_):
    Draw.objects.filter(round=round_).update(commit="0" * 64)


def rewrite_the_ballot_form(round_):
    Round.objects.filter(pk=round_.pk).update(ballot_form=round_.ballot_form.replace("单位", "部门"))
    round_.refresh_from_db()


def rewrite_the_result(round_):
    for tally in Tally.objects.filter(round=round_):
        Tally.objects.filter(pk=tally.pk).update(result=tally.result.replace('"rank":', '"rank": '))


def test_an_untouched_round_passes_every_check(counted):
    assert faults(counted) == []


def test_a_clean_round_counted_by_two_persons_is_not_accused(settings, capsys):
    round_ = make_sealed_round(targeted=5, sampled=5, level="2", rulebook=SMALL)
    hold_draw(round_, DrawPurpose.COUNTED)
    settings.TWO_PERSON_RULE = True
    proposed = start_step(step=Step.COUNT, round_id=round_.pk, by=make_user("clerk"), at=LATER)
    approvals.approve(approval_id=proposed.pk, by=make_user("chief"), at=LATER)
    round_.refresh_from_db()

    assert faults(round_) == []
    call_command("verify_round", round_.key)
    call_command("verify_audit")
    assert "核验通过。" in capsys.readouterr().out


def test_a_returned_proposal_to_count_is_not_taken_for_a_count(settings):
    round_ = make_sealed_round(targeted=4)
    settings.TWO_PERSON_RULE = True
    proposed = start_step(step=Step.COUNT, round_id=round_.pk, by=make_user("clerk"), at=LATER)
    approvals.send_back(approval_id=proposed.pk, note="等公证员到场", by=make_user("chief"), at=LATER)

    assert faults(round_) == []
    assert not AuditEntry.objects.performed().filter(action="tally.run").exists()


def test_a_result_changed_after_the_approval_is_found_in_two_person_mode(settings):
    round_ = make_sealed_round(targeted=4)
    settings.TWO_PERSON_RULE = True
    proposed = start_step(step=Step.COUNT, round_id=round_.pk, by=make_user("clerk"), at=LATER)
    approvals.approve(approval_id=proposed.pk, by=make_user("chief"), at=LATER)

    Tally.objects.update(result_sha256="0" * 64)

    assert any("校验值不符" in fault for fault in verify_chain())


@pytest.mark.parametrize(
    ("tamper", "check"),
    [
        (change_a_level, "票箱"),
        (change_a_level, "计票"),
        (drop_a_ballot, "票箱"),
        (count_an_undrawn_ballot, "计票"),
        (add_a_used_code, "票号清单"),
        (rewrite_the_seed, "抽取证明"),
        (move_the_commitment, "抽取证明"),
        (rewrite_the_ballot_form, "名录和评议表"),
        (rewrite_the_result, "计票"),
    ],
)
def test_a_change_made_in_the_database_is_found(counted, tamper, check):
    tamper(counted)

    assert check in faults(counted)


def test_the_command_names_the_fault_and_exits_with_1(counted, capsys):
    call_command("verify_round", counted.key)
    assert "核验通过。" in capsys.readouterr().out

    drop_a_ballot(counted)
    with pytest.raises(CommandError, match="核验不一致") as refusal:
        call_command("verify_round", counted.key)

    assert refusal.value.returncode == 1
    assert "封箱清单与总校验值不符。" in capsys.readouterr().out
