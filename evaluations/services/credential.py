"""Codes (票号): made, issued as hashes, recalled; the code itself leaves this module once and is kept nowhere."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluations.models import CodeBatch, Credential, OpenClaimAlert, Round
from evaluations.rules.ballots import Origin
from evaluations.rules.codes import encode_code, issue_of
from evaluations.rules.indicators import Channel
from evaluations.rules.open_channel import OpenAlert, Visitor, alerts, needs_check, takes_too_many
from evaluations.rules.rounds import RoundState
from evaluations.rules.rulebook import ISSUED_CODES
from evaluations.services.round import lock_round
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import User
from nanchuan_eval.rules.canonical import sha256_hex

ENTROPY_BYTES = 13
ISSUE_LENGTH, HEX_DIGITS = 64, frozenset("0123456789abcdef")
BATCH_SIZE = 2000
BEFORE_CLOSING = frozenset({RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN})


@dataclass(frozen=True)
class FormKind:
    """What kind of ballot form a batch is for: its channel, the road it takes to the citizen, a name for the desk."""

    channel: Channel
    origin: Origin
    label: str = ""
    stratum: str = ""


def new_code() -> str:
    """Return a fresh code of 100 random bits."""
    return encode_code(secrets.token_bytes(ENTROPY_BYTES))


def make_codes(count: int, round_key: str) -> tuple[list[str], list[str]]:
    """Return `count` secret codes in random order and the sorted list of I to publish; needs no database."""
    codes = [new_code() for _ in range(count)]
    return codes, sorted(issue_of(round_key, code) for code in codes)


def issued_list(issues: Sequence[str]) -> bytes:
    """Return the published file of a batch: the sorted I, one per line."""
    return "".join(f"{issue}\n" for issue in sorted(issues)).encode()


@transaction.atomic
def issue_batch(*, round_id: int, form: FormKind, count: int, by: User, at: datetime) -> tuple[CodeBatch, list[str]]:
    """Make a batch on the office's machine; the codes are returned once, for the envelopes, and not stored."""
    round_ = _issuing_round(round_id, by)
    if count < 1:
        raise RuleViolation("票号数量至少为1。")
    codes, issues = make_codes(count, round_.key)
    batch = _batch(round_, form, issues)
    audit.record("cred.print", batch, by=by, at=at, detail={"codes": count, "sha256": batch.issued_sha256})
    return batch, codes


@transaction.atomic
def import_issued(*, round_id: int, form: FormKind, issues: Iterable[str], by: User, at: datetime) -> CodeBatch:
    """Take over the list of I that the notary made offline (make_codes); all or nothing."""
    round_ = _issuing_round(round_id, by)
    wanted = [line.strip() for line in issues if line.strip()]
    _refuse_bad_list(wanted)
    batch = _batch(round_, form, sorted(wanted))
    audit.record("cred.print", batch, by=by, at=at, detail={"codes": len(wanted), "sha256": batch.issued_sha256})
    return batch


@transaction.atomic
def open_self_service(*, round_id: int, form: FormKind, by: User, at: datetime) -> CodeBatch:
    """Let citizens take a code by themselves on the public page (自助领票), never for the targeted channel."""
    round_ = _issuing_round(round_id, by)
    if form.channel == Channel.TARGETED:
        raise RuleViolation("定向评议的票号只能发给抽中的人员，不能自助领取。")
    batch = _batch(round_, form, [], self_service=True)
    audit.record("cred.print", batch, by=by, at=at, detail={"self_service": True})
    return batch


class CheckNeeded(RuleViolation):
    """The counter is busy: the visitor gets his code after answering the check."""


def issue_open_code(*, batch_id: int, at: datetime, visitor: Visitor | None = None) -> str:
    """Give a citizen one fresh code of a self-service batch; nothing about him is kept.

    What looks odd is counted for review, in a transaction apart: the code itself is as good as any other.
    """
    policy.check(policy.ANONYMOUS, "opinion.submit")
    visitor = visitor or Visitor()
    batch = _counter(batch_id, at)
    rulebook = batch.round.rulebook
    if takes_too_many(visitor, rulebook):
        _note(batch, [OpenAlert.DEVICE], at)
        limit = rulebook["open_per_device"]
        raise RuleViolation(f"这台设备本轮已领{limit}张评议票，不能再领。家人可以用自己的设备，或到服务大厅取票。")
    if needs_check(visitor, rulebook):
        raise CheckNeeded("现在领票的人较多，请先回答下面的问题。")
    code = new_code()
    Credential.objects.create(issue=issue_of(batch.round.key, code), batch=batch)
    _note(batch, alerts(visitor, rulebook), at)
    return code


def _counter(batch_id: int, at: datetime) -> CodeBatch:
    batch = CodeBatch.objects.select_related("round").filter(pk=batch_id, is_self_service=True, is_open=True).first()
    if batch is None or not Round.objects.accepting(at).filter(pk=batch.round_id).exists():
        raise RuleViolation("现在不能领取评议票：不在投票时间内，或者这个入口已关闭。")
    return batch


def _note(batch: CodeBatch, kinds: Sequence[OpenAlert], at: datetime) -> None:
    for kind in kinds:
        alert, _ = OpenClaimAlert.objects.get_or_create(batch=batch, kind=kind, on=timezone.localdate(at))
        OpenClaimAlert.objects.filter(pk=alert.pk).update(times=F("times") + 1)


@transaction.atomic
def recall_batch(*, batch_id: int, reason: str, by: User, at: datetime) -> CodeBatch:
    """Recall a batch (收回): its unused codes can no longer vote; ballots already cast stay in the box."""
    policy.check(by, "cred.void")
    batch = CodeBatch.objects.select_for_update().get(pk=batch_id)
    if not batch.is_open:
        raise RuleViolation("这个批次已经收回。")
    batch.is_open = False
    batch.save(update_fields=["is_open"])
    audit.record("cred.void", batch, by=by, at=at, reason=reason)
    return batch


@transaction.atomic
def void_code(*, round_id: int, code: str, reason: str, by: User, at: datetime) -> None:
    """Make one unused code void (a returned or damaged envelope); the trace names the batch, never the code."""
    policy.check(by, "cred.void")
    round_ = Round.objects.get(pk=round_id)
    issue = issue_of(round_.key, code)
    unused = Credential.objects.select_for_update().filter(issue=issue, spend=None, is_void=False)
    credential = unused.filter(batch__round=round_).first()
    if credential is None:
        raise RuleViolation("票号不存在、已使用或已作废。")
    credential.is_void = True
    credential.save(update_fields=["is_void"])
    audit.record("cred.void", credential.batch, by=by, at=at, reason=reason)


def _issuing_round(round_id: int, by: User) -> Round:
    policy.check(by, "cred.print")
    round_ = lock_round(round_id)
    if RoundState(round_.state) not in BEFORE_CLOSING:
        raise RuleViolation("票号只能在名录锁定之后、封箱之前发放。")
    return round_


def _batch(round_: Round, form: FormKind, issues: list[str], *, self_service: bool = False) -> CodeBatch:
    closed_channel = form.channel == Channel.TARGETED or (
        form.channel == Channel.SAMPLED and round_.rulebook["sampled_forms"] == ISSUED_CODES
    )
    if closed_channel and (self_service or form.origin != Origin.ISSUED):
        raise RuleViolation(f"按本轮规则，{form.channel.label}只能使用“发放票号”。")
    batch = CodeBatch.objects.create(
        round=round_,
        channel=form.channel,
        origin=form.origin,
        label=form.label.strip() or f"{form.channel.label}·{form.origin.label}",
        is_self_service=self_service,
        stratum=form.stratum,
        issued_sha256="" if self_service else sha256_hex(issued_list(issues)),
    )
    Credential.objects.bulk_create([Credential(issue=issue, batch=batch) for issue in issues], batch_size=BATCH_SIZE)
    return batch


def _refuse_bad_list(issues: list[str]) -> None:
    if not issues:
        raise RuleViolation("发放清单为空。")
    for number, issue in enumerate(issues, start=1):
        if len(issue) != ISSUE_LENGTH or set(issue) - HEX_DIGITS:
            raise RuleViolation(f"发放清单第{number}行不是64位指纹。")
    if len(set(issues)) < len(issues):
        raise RuleViolation("发放清单中有重复的指纹。")
    for start in range(0, len(issues), BATCH_SIZE):
        if Credential.objects.filter(issue__in=issues[start : start + BATCH_SIZE]).exists():
            raise RuleViolation("清单中的票号已经导入过。")
