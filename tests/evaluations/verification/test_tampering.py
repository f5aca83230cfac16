"""Tampering by SQL, past every guard of the application: each is named by the verification."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import JSONField, Value

from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots.models import Ballot, Comment, Rating
from evaluations.ballots.queries import sealed_votes
from evaluations.ballots.services import redact_comment
from evaluations.box_key.models import BoxKey
from evaluations.box_key.services.making import make_server_key
from evaluations.codes.services.issuing import FormKind, issue_batch
from evaluations.codes.services.voiding import void_codes
from evaluations.draws.models import Draw
from evaluations.draws.services import ceremony
from evaluations.lifecycle import services as lifecycle
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.protocol.codes import content_commitment, issue_of
from evaluations.protocol.merkle import merkle_root
from evaluations.publication.models import Publication
from evaluations.publication.services import publish_list
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from evaluations.scoring.method import Channel
from evaluations.sealing.queries import closing_leaves
from evaluations.sealing.services.opening import seal_round
from evaluations.tally.models import AnomalyFlag, SectionResult, Tally
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.services.anomalies import decide_flag
from evaluations.tally.services.signatures import sign_count
from evaluations.tally.services.tally import tally_round
from evaluations.verification.services import verify_round
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.sql import unguard_audit_tables
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR
from nanchuan_eval.retention import services as retention
from tests.factories import (
    LATER,
    NOON,
    cast_ballots,
    commit,
    hold_draw,
    issue_codes,
    log_steps,
    make_codes,
    make_manifestations,
    make_open_round,
    make_pool,
    make_round,
    make_section,
    make_user,
    run,
)
from tests.once import once

pytestmark = pytest.mark.django_db
AFTER = NOON + timedelta(days=4)
# Each changes one column (or deletes or adds a row) and what the verification then names.
TAMPERINGS = [
    ("名录", "UPDATE evaluations_roundsection SET name = '别的科'"),
    ("名录", "UPDATE evaluations_roundsection SET head_name = '别人'"),
    ("名录", "UPDATE evaluations_roundsection SET department_name = '别的局'"),
    ("锁定的轮次", "UPDATE evaluations_round SET period_start = '2019-01-01'"),
    ("锁定的轮次", "UPDATE evaluations_round SET opens_at = '2019-01-01'"),
    ("锁定的轮次", "UPDATE evaluations_round SET name = '别的轮次'"),
    ("封箱记录", "UPDATE evaluations_round SET closing = '{}'"),
    ("封箱总校验值", "UPDATE evaluations_round SET closing_root = '00'"),
    ("评议票", "UPDATE evaluations_ballot SET channel = 'other'"),
    ("评议票", "UPDATE evaluations_ballot SET origin = 'issued'"),
    ("评议票", "UPDATE evaluations_ballot SET is_counted = NOT is_counted"),
    ("评议票", "UPDATE evaluations_ballot SET nonce = '00'"),
    ("渠道或者是否计票", "UPDATE evaluations_rating SET channel = 'other'"),
    ("渠道或者是否计票", "UPDATE evaluations_rating SET is_counted = NOT is_counted"),
    ("有评议内容的只有", "DELETE FROM evaluations_rating WHERE NOT is_counted"),
    ("评议意见", "UPDATE evaluations_comment SET text = '很好'"),
    ("评议意见", "DELETE FROM evaluations_comment"),
    ("票号", "UPDATE evaluations_credential SET is_void = NOT is_void WHERE spend IS NULL"),
    ("票号", "UPDATE evaluations_credential SET spend = NULL"),
    ("票号", "UPDATE evaluations_credential SET is_on_paper = NOT is_on_paper"),
    ("发放清单校验值", "UPDATE evaluations_codebatch SET issued_sha256 = '00'"),
    ("票号批次", "UPDATE evaluations_codebatch SET channel = 'other'"),
    ("票号批次", "UPDATE evaluations_codebatch SET origin = 'open'"),
    ("姓名", "UPDATE evaluations_poolentry SET name = '别人'"),
    ("抽取对象和抽取结果", "UPDATE evaluations_drawentry SET is_selected = NOT is_selected"),
    ("抽取对象和抽取结果", "UPDATE evaluations_drawentry SET place = 1"),
    ("姓名", "UPDATE evaluations_drawentry SET person_id = (SELECT min(id) FROM evaluations_poolentry)"),
    ("抽取", "UPDATE evaluations_draw SET \"commit\" = '00'"),
    ("计票结果和汇总", "UPDATE evaluations_tallyrow SET votes = votes + 1"),
    ("计票结果和汇总", "UPDATE evaluations_tally SET at = '2019-01-01'"),
    ("计票结果与其校验值不符", "UPDATE evaluations_tally SET cells = '{}'"),
    ("公示所载规则、结果和数据文件", "UPDATE evaluations_tally SET cells_sha256 = '00'"),
    ("计票结果和汇总", "UPDATE evaluations_sectionresult SET ticks = '{}'"),
    ("计票结果和汇总", "UPDATE evaluations_sectionresult SET label = '别的'"),
    ("计票记录上的签名", "DELETE FROM evaluations_countsignature"),
    ("计票记录上的签名", "UPDATE evaluations_countsignature SET at = '2019-01-01'"),
    ("尚未清空", "UPDATE evaluations_boxkey SET seed = 'kept'"),
    ("抽取上的签名", "DELETE FROM evaluations_drawsignature"),
    ("公示", "UPDATE evaluations_publication SET published_at = '2019-01-01'"),
    ("公示", "DELETE FROM evaluations_publication"),
    ("公示的日志锚点", "UPDATE evaluations_publication SET anchor_hash = '00'"),
    ("轮次的状态和进程", "UPDATE evaluations_round SET state = 'closed'"),
    ("轮次的状态和进程", "UPDATE evaluations_roundstep SET at = '2019-01-01'"),
    ("轮次的状态和进程", "UPDATE evaluations_roundstep SET by_id = NULL"),
    ("轮次的状态和进程", "DELETE FROM evaluations_roundstep WHERE state = 'sealed'"),
    ("异常提示和处理", "UPDATE evaluations_anomalyflag SET verdict = 'open', decided_by_id = NULL, decided_at = NULL"),
    ("上榜科室和主要问题", "UPDATE evaluations_sectionresult SET main_problems = '没有问题'"),
    ("监督员的签名码", "UPDATE evaluations_signingcode SET used_at = NULL"),
    ("抽取公告", "UPDATE evaluations_planneddraw SET planned_at = '2019-01-01'"),
    ("随机数的录入", "DELETE FROM evaluations_randomnessentry"),
    ("票箱密钥", "UPDATE evaluations_round SET box_key = '00'"),
]
# The same before the box is sealed.
TAMPERINGS_OF_THE_OPEN_BOX = [
    ("作废的票号", "UPDATE evaluations_credential SET is_void = NOT is_void WHERE is_void"),
    ("作废的票号", "UPDATE evaluations_credential SET is_void = NOT is_void WHERE spend IS NULL AND NOT is_void"),
    ("待封箱", "UPDATE evaluations_credential SET spend = NULL"),
    ("待封箱", "DELETE FROM evaluations_ballotspool"),
    ("票号批次", "UPDATE evaluations_codebatch SET is_open = NOT is_open"),
]
GARBAGE = [None, True, -1, 1.5, 10**400, "x", "", [], [[]], {}, {"x": [None]}, [{"lines": 1}]]
# Columns that a verification reads as JSON.
READ_AS_JSON = [
    (Round, "rulebook"),
    (Round, "closing"),
    (Round, "ballot_form"),
    (BoxKey, "record"),
    (Draw, "params"),
    (Draw, "randomness"),
    (Draw, "result"),
    (Tally, "result"),
    (Tally, "rulebook"),
    (Tally, "cells"),
    (SectionResult, "data"),
    (Publication, "content"),
    (AuditEntry, "detail"),
]


def _publish():
    """A published round with a comment, an unused code, uncounted ballots, a signed draw and a signed count."""
    make_manifestations()
    for _ in range(3):
        make_section()
    enough = {"min_lines": 5, "min_drawn_lines": 5}
    round_ = make_round(
        rulebook={"counted_sampled_ballots": 2, "count_witnesses": 1, "objection_workdays": 0, **enough}
    )
    round_ = lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    make_pool(round_, PoolKind.SUPERVISORS, {"人大代表": 3, "市民代表": 6})
    supervisors = hold_draw(round_, DrawPurpose.SUPERVISORS)
    to_draw, to_count, *_ = issue_codes(supervisors)[0]
    make_server_key(round_, at=NOON)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    round_.refresh_from_db()
    cast_ballots(round_, make_codes(round_, 6)[:5], comment="窗口总是没有人")
    cast_ballots(round_, make_codes(round_, 5, channel=Channel.SAMPLED, origin=Origin.NEWSPAPER), level="2")
    seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    draw = run(commit(round_, DrawPurpose.COUNTED))
    ceremony.sign_draw(draw_id=draw.pk, code=to_draw, at=LATER)
    ceremony.publish_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)
    tally_round(round_id=round_.pk, by=make_user("chief"), at=AFTER)
    sign_count(round_id=round_.pk, code=to_count, at=AFTER)
    for flag in AnomalyFlag.objects.all():  # every ballot of this small box is alike
        decide_flag(flag_id=flag.pk, verdict=Verdict.KEPT, reason="已核查", by=make_user("supervisor"), at=AFTER)
    lifecycle.announce_result(round_id=round_.pk, by=make_user("chief"), at=AFTER)
    publish_list(round_id=round_.pk, by=make_user("commission"), at=AFTER + timedelta(days=9))
    return round_.pk


published_once = once(_publish)


@pytest.fixture
def published(published_once):
    return Round.objects.get(pk=published_once)


def tamper(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def faults(round_):
    round_.refresh_from_db()
    return "".join(fault for _, found in verify_round(round_) for fault in found)


def test_a_clean_round_is_not_accused(published):
    assert faults(published) == ""
    call_command("verify_round", published.key)
    call_command("verify_audit")


@pytest.mark.parametrize(("named", "statement"), TAMPERINGS)
def test_a_tampering_is_named(published, named, statement):
    tamper(statement)

    assert named in faults(published)
    with pytest.raises(CommandError):
        call_command("verify_round", published.key)


@pytest.fixture
def voting():
    """A round open for the vote with a used, a void and an unused code."""
    round_ = make_open_round()
    batch, codes = issue_batch(
        round_id=round_.pk, form=FormKind(Channel.TARGETED, Origin.ISSUED), count=3, by=make_user("clerk"), at=NOON
    )
    cast_ballots(round_, codes[:1])
    issues = [issue_of(round_.key, codes[1])]
    void_codes(batch_id=batch.pk, issues=issues, reason="信封破损", by=make_user("chief"), at=NOON)
    log_steps(round_)
    return round_


def test_an_open_round_is_not_accused(voting):
    assert faults(voting) == ""


@pytest.mark.parametrize(("named", "statement"), TAMPERINGS_OF_THE_OPEN_BOX)
def test_a_tampering_of_an_open_round_is_named(voting, named, statement):
    tamper(statement)

    assert named in faults(voting)


@pytest.mark.parametrize(("model", "column"), READ_AS_JSON)
def test_garbage_is_a_fault_in_words(published, model, column):
    unguard_audit_tables(connection)
    row = model.objects.order_by("pk").last()
    value = getattr(row, column)
    whole = json.loads(value) if isinstance(value, str) else value
    for garbage in _spoiled(whole):
        point = transaction.savepoint()
        text = json.dumps(garbage) if isinstance(value, str) else garbage
        model.objects.filter(pk=row.pk).update(**{column: text if text is not None else Value(None, JSONField())})
        assert faults(published), garbage
        transaction.savepoint_rollback(point)


def _spoiled(whole):
    """Yield garbage instead of the whole, and garbage instead of one of its parts."""
    yield from (garbage for garbage in GARBAGE[::3] if garbage != whole)
    parts = whole if isinstance(whole, dict) else dict(enumerate(whole)) if isinstance(whole, list) else {}
    for key, garbage in zip(list(parts)[-8:], itertools.cycle(GARBAGE), strict=False):
        if garbage != parts[key]:
            yield {**whole, key: garbage} if isinstance(whole, dict) else [*whole[:key], garbage, *whole[key + 1 :]]


def test_two_people_exchanged_are_named(published):
    first, second, *_ = PoolEntry.objects.values_list("pk", "name")
    for key, name in ((first[0], second[1]), (second[0], first[1])):
        PoolEntry.objects.filter(pk=key).update(name=name)

    assert "姓名" in faults(published)


def test_a_notice_changed_with_its_digest_is_named(published):
    content = Publication.objects.get().content.replace('"sections":3', '"sections":4')
    Publication.objects.update(content=content, content_sha256=sha256_hex(content.encode()))

    assert "公示内容的校验值" in faults(published)


def test_a_box_rewritten_with_its_commitments_and_root_is_named(published):
    Rating.objects.filter(ballot__channel=Channel.TARGETED).update(cold=0)
    for ballot, vote in sealed_votes(published):
        Ballot.objects.filter(pk=ballot.pk).update(commitment=content_commitment(ballot.receipt, ballot.nonce, vote))
    Round.objects.update(closing_root=merkle_root(list(closing_leaves(published))))

    assert "封箱总校验值" in faults(published)


def test_a_redacted_comment_is_no_tampering(published):
    comment = Comment.objects.first()
    redact_comment(comment_id=comment.pk, spans=[(0, 2)], by=make_user("chief"), at=AFTER)

    assert faults(published) == ""


def test_a_purged_comment_is_no_tampering(published, monkeypatch):
    lifecycle.archive_round(round_id=published.pk, by=make_user("commission"), at=AFTER + timedelta(days=90))
    rules = [replace(rule, scrub=None) for rule in retention.rules]  # no scrubbing inside the test's transaction
    monkeypatch.setattr(retention, "rules", rules)
    retention.purge(by=OPERATOR, at=AFTER + timedelta(days=800))

    assert not Comment.objects.exists()
    assert faults(published) == ""


@pytest.mark.parametrize("value", ["5", 1.5, None, True, [5]])
def test_a_number_that_is_no_integer_is_a_fault_in_words(published, value):
    rulebook = {**published.rulebook, "supervisors": value}
    Round.objects.update(rulebook=rulebook)

    assert "监督员人数应为1到100之间的整数。" in faults(published)
    assert rulebook_errors(rulebook) == ["监督员人数应为1到100之间的整数。"]


def test_a_rulebook_without_its_parts_is_a_fault_in_words():
    assert rulebook_errors({**default_rulebook(), "max_sections": None, "evaluator_strata": []})
    assert rulebook_errors({**default_rulebook(), "evaluator_strata": []})


def test_public_data_changed_with_their_digest_are_named(published):
    tally = published.tally
    cells = tally.cells.replace('"between_variance":"', '"between_variance":"1', 1)
    Tally.objects.filter(pk=tally.pk).update(cells=cells, cells_sha256=sha256_hex(cells.encode()))

    assert "重新计算的公开数据（cells.json）与存档的不符" in faults(published)
