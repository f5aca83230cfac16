"""Casting a ballot (投票): POST with code -> E -> I -> one spool row; four SQL statements and no trace of who."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import BallotSpool
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.sql import claim_code
from evaluations.protocol import codes
from evaluations.rounds.models import Round
from evaluations.rounds.queries import open_round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import fill_spool
from nanchuan_eval.permissions import policy

# One text for unknown, used, void, recalled and foreign codes: the answer must not show which of them it is.
UNUSABLE = (
    "该票号无法使用。可能输入有误，也可能已投票、已作废或者不属于本轮。请对照评议票核对；"
    "刚才已提交的，封箱后可以用回执号查询，不必重复提交。"
)
NO_ROUND = "现在不在投票时间内，请关注评议公告。"
HALTED = "正在核对票数，暂停收票。您的票号仍然有效，填写的内容已保留，请稍后再提交。"
NOT_NOW = "现在不在投票时间内，评议票未提交。"
ALTERED = "页面信息不完整或已失效，请重新输入票号。"
_signer = signing.Signer(salt="evaluations.admission")
_checker = signing.Signer(salt="evaluations.checked")


@dataclass(frozen=True)
class Admission:
    """入场凭据: what the server found out about a code when it was entered; carried, signed, by the form.

    `paper` is the digest of the ballot paper, `issue` binds the token to its code (so that no receipt can
    come up twice), `random` is the server's part of the receipt (hex).
    """

    ballot_form: str
    round: int
    batch: int
    channel: str
    origin: str
    issue: str
    random: str

    def token(self) -> str:
        """Return the signed text for the form; it has no time in it."""
        return _signer.sign_object(asdict(self), compress=False)

    @classmethod
    def from_token(cls, text: str) -> Self:
        """Read the form's token back, or refuse an altered one."""
        try:
            fields: Mapping[str, object] = _signer.unsign_object(text)
            return cls(**fields)  # type: ignore[arg-type]  # signed by token() above
        except (signing.BadSignature, TypeError, ValueError, UnicodeError):
            raise RuleViolation(ALTERED) from None


def admit(*, code: str, at: datetime) -> Admission:
    """Look a typed code up before anything is filled in; nothing is written."""
    policy.check(policy.BALLOT_HOLDER, "ballot.open", own=True)
    text = _normalized(code)
    round_ = open_round(at)
    if round_ is None:
        raise RuleViolation(NO_ROUND)
    issue = codes.issue_of(round_.key, text)
    usable = Credential.objects.filter(issue=issue, spend=None, is_void=False)
    batch = CodeBatch.objects.filter(round=round_, is_open=True, credentials__in=usable).first()
    if batch is None:
        raise RuleViolation(UNUSABLE)
    if batch.is_halted:
        raise RuleViolation(HALTED)
    return Admission(
        ballot_form=round_.ballot_form_sha256,
        round=round_.pk,
        batch=batch.pk,
        channel=batch.channel,
        origin=batch.origin,
        issue=issue,
        random=secrets.token_hex(32),
    )


def receipt_for(admission: Admission, digits: str) -> str:
    """Return the receipt (回执号) of a vote that would be cast with these check digits."""
    return codes.receipt(admission.random, digits)


def checked_mark(admission: Admission, vote: str, comment: str) -> str:
    """Return the server's mark on a vote and comment that it has found valid for this paper and channel.

    The receipt's page carries all three, so casting stores exactly what was shown and need not read it again:
    a ballot of 105 sections costs no more than one of a single section.
    """
    return _checker.signature(f"{admission.ballot_form} {admission.channel} {vote}\n{comment}")


def is_checked(admission: Admission, vote: str, comment: str, mark: str) -> bool:
    """Say whether this very vote and comment were found valid before."""
    return constant_time_compare(checked_mark(admission, vote, comment), mark)


def refuse_late(admission: Admission, at: datetime) -> None:
    """Refuse to go on with a ballot that could not be cast any more: no receipt for what will not be in the box."""
    if not Round.objects.accepting(at).filter(pk=admission.round).exists():
        raise RuleViolation(_why_not(admission, at))


def cast_ballot(*, admission: Admission, code: str, vote: str, comment: str, digits: str, at: datetime) -> str:
    """Spend the code and put the vote into the spool; both or neither. Returns the receipt.

    `vote` is the text of a valid Vote (Vote.as_text).
    """
    policy.check(policy.BALLOT_HOLDER, "ballot.submit", own=True)
    key = ballot_form_by_digest(admission.ballot_form).round_key
    spend = codes.spend_hash(key, _normalized(code))
    if codes.issue_hash(spend) != admission.issue:
        raise RuleViolation(ALTERED)
    spooled = BallotSpool(
        round_id=admission.round,
        channel=admission.channel,
        origin=admission.origin,
        receipt=receipt_for(admission, digits),
        nonce=secrets.token_hex(32),
        vote=vote,
        comment=comment,
    )
    with transaction.atomic():
        claimed = claim_code(issue=admission.issue, spend=spend, batch=admission.batch, at=at)
        if claimed:
            fill_spool(spooled)
    if not claimed and not _was_cast_already(spooled):
        raise RuleViolation(_why_not(admission, at))
    return spooled.receipt


def _was_cast_already(wanted: BallotSpool) -> bool:
    """Say whether this very ballot is in the spool: its answer was lost on the way and the citizen pressed again.

    The receipt is bound to the code by the signed admission, so nobody else's ballot can answer.
    """
    same = BallotSpool.objects.filter(round_id=wanted.round_id, receipt=wanted.receipt)
    return same.filter(vote=wanted.vote, comment=wanted.comment).exists()


def _normalized(code: str) -> str:
    try:
        return codes.normalize_code(code)
    except codes.CodeError as error:
        raise RuleViolation(str(error)) from None


def _why_not(admission: Admission, at: datetime) -> str:
    round_ = Round.objects.get(pk=admission.round)
    if round_.state == RoundState.OPEN and round_.opens_at <= at < round_.closes_at:
        halted = Credential.objects.filter(issue=admission.issue, spend=None, is_void=False, batch__is_halted=True)
        return HALTED if halted.exists() else UNUSABLE
    opens, closes = timezone.localtime(round_.opens_at), timezone.localtime(round_.closes_at)
    return f"{NOT_NOW}投票时间为{opens:%Y年%m月%d日 %H:%M}至{closes:%Y年%m月%d日 %H:%M}。"
