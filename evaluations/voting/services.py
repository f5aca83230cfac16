"""Casting a ballot (投票): code -> E -> I -> one spool row, in four SQL statements, without a link to the voter."""

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

# One message for unknown, used, void, recalled and foreign codes, so that it does not reveal which applies.
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
    """入场凭据: what was looked up when the code was entered; carried in the form as a signed token.

    `ballot_form` is the digest of the form, `issue` binds the token to its code (so that receipts are unique),
    `random` is the server's part of the receipt (hex).
    """

    ballot_form: str
    round: int
    batch: int
    channel: str
    origin: str
    issue: str
    random: str

    def token(self) -> str:
        """Return the signed token; it contains no time."""
        return _signer.sign_object(asdict(self), compress=False)

    @classmethod
    def from_token(cls, text: str) -> Self:
        """Parse a token; refuses an altered one."""
        try:
            fields: Mapping[str, object] = _signer.unsign_object(text)
            return cls(**fields)  # type: ignore[arg-type]  # signed by token() above
        except (signing.BadSignature, TypeError, ValueError, UnicodeError):
            raise RuleViolation(ALTERED) from None


def admit(*, code: str, at: datetime) -> Admission:
    """Look up a code when it is entered; writes nothing."""
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
    """Return the receipt (回执号) that a vote with these check digits gets."""
    return codes.receipt(admission.random, digits)


def checked_mark(admission: Admission, vote: str, comment: str) -> str:
    """Return a signature over a validated vote and comment, for this form and channel.

    The receipt page carries all three, so casting stores exactly what was shown without validating again: a ballot of
    105 sections costs no more than one of a single section.
    """
    return _checker.signature(f"{admission.ballot_form} {admission.channel} {vote}\n{comment}")


def is_checked(admission: Admission, vote: str, comment: str, mark: str) -> bool:
    """True if exactly this vote and comment were validated before."""
    return constant_time_compare(checked_mark(admission, vote, comment), mark)


def refuse_late(admission: Admission, at: datetime) -> None:
    """Refuse a ballot that can no longer be cast, so that no receipt is shown for it."""
    if not Round.objects.accepting(at).filter(pk=admission.round).exists():
        raise RuleViolation(_why_not(admission, at))


def cast_ballot(*, admission: Admission, code: str, vote: str, comment: str, digits: str, at: datetime) -> str:
    """Spend the code and store the vote in the spool, both or neither; returns the receipt.

    `vote` = Vote.as_text of a valid vote.
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
    """True if exactly this ballot is in the spool, i.e. it is resubmitted because the response was lost.

    The signed admission binds the receipt to the code, so no other ballot can match.
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
