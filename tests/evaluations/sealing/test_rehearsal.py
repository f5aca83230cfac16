"""A whole vote as an office runs it: every act that takes two persons by two, the box key on cards."""

import json
from datetime import timedelta
from functools import partial

import pytest

from evaluations.ballot_form.rules.votes import Origin
from evaluations.box_key.services.holding import confirm_card
from evaluations.box_key.services.keys import new_key
from evaluations.lifecycle.approvals import start_step
from evaluations.pools.rules.kinds import PoolKind
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import card_text
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState, Step
from evaluations.scoring.method import Channel
from evaluations.sealing.services.signatures import sign_opening
from evaluations.verification.services import CHECKS
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.queries import worded
from tests.factories import (
    NOON,
    cast_ballots,
    hold_draw,
    issue_codes,
    make_codes,
    make_open_round,
    make_pool,
    make_self_service,
    make_user,
)

pytestmark = pytest.mark.django_db
SUPERVISED = {"box_key": "supervisors", "box_needed": 3, "supervisors_present": 3}


@pytest.fixture
def drawn():
    """A drawn round with codes for every channel, and its supervisors' signing codes; all made by one person."""
    round_ = make_open_round(sections=2, rulebook=SUPERVISED)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN, box_key="")
    round_.refresh_from_db()
    make_pool(round_, PoolKind.SUPERVISORS)
    draw = hold_draw(round_, DrawPurpose.SUPERVISORS)
    signing = issue_codes(draw, at=NOON)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
    round_.refresh_from_db()
    make_codes(round_, 5, channel=Channel.SAMPLED, origin=Origin.NEWSPAPER)
    make_self_service(round_)
    return round_, make_codes(round_, 6), signing


def decide(by, at):
    return approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user(by), at=at)


def lacks(round_, step, at):
    round_.refresh_from_db()
    return "".join(missing_for(round_, step, at))


def take_key(round_):
    """The record approved by two persons, every card confirmed; returns the cards' texts."""
    assert "尚无票箱密钥" in lacks(round_, Step.OPEN, NOON)
    key = new_key(round_.key, needed=3, supervisors=5, made="offline")
    approvals.propose("box.key", round_, by=make_user("clerk"), at=NOON, record=key.record.decode())
    decide("chief", NOON)
    assert "尚未确认领取" in lacks(round_, Step.OPEN, NOON)
    for card in key.cards:
        confirm_card(round_key=round_.key, code=held_code(key.key_id, card.label, card.share), at=NOON)
    return [card_text(card, key.key_id) for card in key.cards]


def take_step(round_, step, at):
    start_step(step=step, round_id=round_.pk, by=make_user("clerk"), at=at)
    decide("chief", at)
    round_.refresh_from_db()


def open_with_the_recovery_card(round_, cards, client, at):
    """Two supervisors come; two persons permit the recovery card."""
    approvals.propose("box.recover", round_, by=make_user("commission"), at=at, reason="三名监督员因汛情不能到场")
    decide("chief", at)
    client.force_login(make_user("clerk"))
    brought = {f"card-{place}": cards[card] for place, card in enumerate((1, 3, 5, 6))}
    client.post(f"/admin/evaluations/round/{round_.pk}/opening/", brought)
    round_.refresh_from_db()


def test_from_the_key_to_the_count(drawn, settings, client, time_machine):
    settings.TWO_PERSON_RULE = True
    round_, codes, signing_codes = drawn
    cards, ended = take_key(round_), round_.closes_at + timedelta(minutes=1)
    take_step(round_, Step.OPEN, NOON)
    cast_ballots(round_, codes)
    time_machine.move_to(ended)
    open_with_the_recovery_card(round_, cards, client, ended)
    assert round_.state == RoundState.SEALED

    assert "开箱记录还差3名监督员签名" in lacks(round_, Step.COUNT, ended)
    for each in signing_codes[:3]:
        sign_opening(round_id=round_.pk, code=each.pop(), at=ended)
    take_step(round_, Step.COUNT, ended)

    assert (round_.state, round_.ballots.count()) == (RoundState.COUNTED, 6)
    assert json.loads(round_.closing)["opening"]["cards"] == ["S2", "S4", "P6", "Q6"]
    for check in ("票箱", "票箱密钥", "操作日志"):
        assert list(worded(partial(CHECKS[check], round_))) == []
