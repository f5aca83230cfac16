"""Simultaneous voters on their own connections: each code votes once and no ballot is lost."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random

import pytest
from django.db import connection

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.box_key.services import making
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import voiding
from evaluations.protocol.box_cards import card_text
from evaluations.protocol.codes import issue_of
from evaluations.sealing.services import opening as sealing
from evaluations.voting import services as voting
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import (
    NOON,
    make_codes,
    make_key,
    make_open_round,
    make_supervisors_key,
    make_user,
    raw_answers,
    waiting_ballots,
)

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, CODES = 8, 40


def vote(round_, codes):
    """Cast one ballot per code; returns (receipts, refusals)."""
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    lines = [RawLine(section.code, raw_answers()) for section in form.sections]
    cast = validate_vote(form, "targeted", lines).as_text()
    receipts, refusals = [], []
    try:
        for code in codes:
            try:
                admission = voting.admit(code=code, at=NOON)
                receipts.append(
                    voting.cast_ballot(
                        admission=admission, code=code, vote=cast, comment="", digits="1234", at=NOON
                    ).receipt
                )
            except RuleViolation as refusal:
                refusals.append(str(refusal))
    finally:
        connection.close()
    return receipts, refusals


def shuffled(codes, seed):
    order = list(codes)
    Random(seed).shuffle(order)
    return order


def test_eight_voters_with_the_same_codes_cast_each_of_them_once():
    round_ = make_open_round()
    codes = make_codes(round_, CODES)

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda seed: vote(round_, shuffled(codes, seed)), range(THREADS)))

    receipts = [receipt for accepted, _ in outcomes for receipt in accepted]
    assert len(receipts) == CODES
    assert Counter(row.receipt for row in waiting_ballots()) == Counter(receipts)
    assert Credential.objects.exclude(spend=None).count() == CODES
    assert sum(len(refused) for _, refused in outcomes) == CODES * (THREADS - 1)


def test_a_code_voided_while_it_is_used_either_votes_or_is_void():
    round_ = make_open_round()
    codes, chief = make_codes(round_, CODES), make_user("chief")
    batch = CodeBatch.objects.get()

    def void(seed):
        """Void the codes one at a time; returns how many were voided."""
        done = 0
        try:
            for code in shuffled(codes, seed):
                issues = [issue_of(round_.key, code)]
                with suppress(RuleViolation):
                    done += voiding.void_codes(batch_id=batch.pk, issues=issues, reason="退信", by=chief, at=NOON)
        finally:
            connection.close()
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        voters = [pool.submit(vote, round_, shuffled(codes, seed)) for seed in range(THREADS // 2)]
        voiders = [pool.submit(void, seed) for seed in range(THREADS // 2)]
        receipts = [receipt for voter in voters for receipt in voter.result()[0]]
        voided = sum(voider.result() for voider in voiders)

    assert len(receipts) + voided == CODES
    assert BallotSpool.objects.count() == len(receipts)
    assert not Credential.objects.filter(is_void=True).exclude(spend=None).exists()


@pytest.mark.postgres
@pytest.mark.parametrize("attempt", range(3))
def test_a_ballot_confirmed_while_the_box_is_being_sealed_is_in_the_box(attempt):
    round_ = make_open_round()
    parts = [make_codes(round_, 15) for _ in range(THREADS - 1)]

    def seal():
        try:
            sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        voters = [pool.submit(vote, round_, codes) for codes in parts]
        sealer = pool.submit(seal)
        confirmed = [receipt for voter in voters for receipt in voter.result()[0]]
        sealer.result()

    assert Counter(Ballot.objects.values_list("receipt", flat=True)) == Counter(confirmed)
    assert Credential.objects.exclude(spend=None).count() == len(confirmed)
    assert not BallotSpool.objects.exists()


@pytest.mark.postgres
def test_a_round_is_sealed_once():
    round_ = make_open_round()
    vote(round_, make_codes(round_, 5))

    def seal(_):
        try:
            sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
        except RuleViolation as refusal:
            return str(refusal)
        finally:
            connection.close()
        return "sealed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(seal, range(2)))

    assert outcomes[0] == "sealed"
    assert "已封箱" in outcomes[1]
    assert Ballot.objects.count() == 5


@pytest.mark.postgres
@pytest.mark.parametrize("attempt", range(5))
def test_a_key_replaced_while_the_first_ballots_come_is_the_key_of_all_of_them_or_of_none(attempt):
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    first = make_supervisors_key(round_)
    cards = {round_.box_key: first}
    parts = [make_codes(round_, 5) for _ in range(THREADS - 1)]
    new, chief = make_key(round_), make_user("chief")
    cards[new.key_id] = [card_text(card, new.key_id) for card in new.cards]

    def replace():
        try:
            time.sleep(Random(attempt).random() / 20)
            with policy.approved("box.key"):
                making.adopt_key(round_id=round_.pk, record=new.record.decode(), by=chief, at=NOON)
        except RuleViolation as refusal:
            return str(refusal)
        finally:
            connection.close()
        return "replaced"

    with ThreadPoolExecutor(THREADS) as pool:
        replacer = pool.submit(replace)
        voters = [pool.submit(vote, round_, codes) for codes in parts]
        confirmed = [receipt for voter in voters for receipt in voter.result()[0]]
        outcome = replacer.result()

    round_.refresh_from_db()
    assert (outcome == "replaced") is (round_.box_key == new.key_id)
    assert outcome == "replaced" or "本轮已有评议票" in outcome
    typed = cards[round_.box_key][:3]
    sealing.open_box(round_id=round_.pk, typed=typed, by=make_user("clerk"), at=round_.closes_at)
    assert Counter(Ballot.objects.values_list("receipt", flat=True)) == Counter(confirmed)
