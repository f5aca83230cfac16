"""Casting a ballot (投票): code -> E -> I -> one sealed row, in four SQL statements, without a link to the voter."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple, Self

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.box_key.services.rows import KeyGone, spool_ballot
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.sql import claim_code
from evaluations.protocol import codes
from evaluations.protocol.box_rows import BallotRow, mark, read_vote
from evaluations.protocol.pasted import read_code
from evaluations.rounds.models import Round
from evaluations.rounds.queries import open_round
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import fill_spool
from nanchuan_eval.permissions import policy

# One message for unknown, used, void, recalled and foreign codes, so that it does not reveal which applies.
UNUSABLE = (
    "该票号无法使用。可能输入有误，也可能已投票、已作废或者不属于本轮。请对照评议票核对后重新输入；"
    "刚才已提交的，不必重复提交，封箱后可以用回执号查询；没有投过票的，请打电话向评议办咨询。"
)
NO_ROUND = "现在不在投票时间内，请关注评议公告。"
HALTED = "正在核对票数，暂停收票。您的票号仍然有效，填写的内容已保留，请稍后再提交。"
REPLACED = "票箱密钥已更换，评议票没有提交。请重新输入票号后提交，填写的内容已保留。"
NOT_NOW = "现在不在投票时间内，本次提交未成功。"
ALTERED = "页面信息不完整或已失效，请重新输入票号。"
_signer = signing.Signer(salt="evaluations.admission")
_checker = signing.Signer(salt="evaluations.checked")


@dataclass(frozen=True)
class Admission:
    """入场凭据: what was looked up when the code was entered; carried in the form as a signed token.

    `ballot_form` is the digest of the form, `box` the id of the box key, `issue` binds the token to its code (so that
    receipts are unique), `random` is the server's part of the receipt (hex), `section` the only one that a ballot bound
    to a section may rate ("" = it may choose).
    """

    ballot_form: str
    box: str
    round: int
    batch: int
    channel: str
    origin: str
    issue: str
    random: str
    section: str = ""

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
    open_batches = CodeBatch.objects.filter(round=round_, is_open=True).select_related("section")
    batch = open_batches.filter(credentials__in=usable).first()
    if batch is None:
        raise RuleViolation(UNUSABLE)
    if batch.is_halted:
        raise RuleViolation(HALTED)
    return Admission(
        ballot_form=round_.ballot_form_sha256,
        box=round_.box_key,
        round=round_.pk,
        batch=batch.pk,
        channel=batch.channel,
        origin=batch.origin,
        issue=issue,
        random=secrets.token_hex(32),
        section=batch.section.code if batch.section else "",
    )


def receipt_for(admission: Admission, digits: str) -> str:
    """Return the receipt (回执号) that a vote with these check digits gets."""
    return codes.receipt(admission.random, digits)


def checked_mark(admission: Admission, vote: str, comment: str) -> str:
    """Return a signature over a validated vote and comment, for this form, channel and the section it is bound to.

    The receipt page carries all of them, so casting stores exactly what was shown without validating again: a ballot of
    105 sections costs no more than one of a single section. A list is signed, so that nothing can move from one text
    to the next.
    """
    return _checker.signature(json.dumps([admission.ballot_form, admission.channel, admission.section, vote, comment]))


def is_checked(admission: Admission, vote: str, comment: str, mark: str) -> bool:
    """True if exactly this vote and comment were validated before."""
    return constant_time_compare(checked_mark(admission, vote, comment), mark)


def refuse_late(admission: Admission, at: datetime) -> None:
    """Refuse a ballot that can no longer be cast, so that no receipt is shown for it."""
    if not Round.objects.accepting(at).filter(pk=admission.round).exists():
        raise RuleViolation(_why_not(admission, at))


class Cast(NamedTuple):
    """The receipt of a ballot in the box; `is_new` is false if it was in the box before."""

    receipt: str
    is_new: bool


@sensitive_variables()
def cast_ballot(*, admission: Admission, code: str, vote: str, comment: str, digits: str, at: datetime) -> Cast:
    """Spend the code and put the sealed vote into the spool, both or neither.

    `vote` = Vote.as_text of a valid vote. If the code is used, the answer depends on the receipt alone, never on the
    vote sent: whoever has the page of another voter learns nothing from it about the vote.
    """
    policy.check(policy.BALLOT_HOLDER, "ballot.submit", own=True)
    form = ballot_form_by_digest(admission.ballot_form)
    spend = codes.spend_hash(form.round_key, _normalized(code))
    if codes.issue_hash(spend) != admission.issue:
        raise RuleViolation(ALTERED)
    _refuse_unfit(vote, admission.section)
    row = BallotRow(
        channel=admission.channel,
        comment=comment,
        nonce=secrets.token_hex(32),
        origin=admission.origin,
        receipt=receipt_for(admission, digits),
        round=form.round_key,
        vote=vote,
    )
    is_new = _claimed_and_spooled(admission, row, spend, form, at)
    if not is_new and not is_cast(admission, digits):
        raise RuleViolation(_why_not(admission, at))
    return Cast(row.receipt, is_new)


@sensitive_variables()
def _claimed_and_spooled(admission: Admission, row: BallotRow, spend: str, form: BallotForm, at: datetime) -> bool:
    """Put the ballot into the spool if its code is still to be used; nothing is sealed to a key that is gone."""
    key_mark = mark(admission.random, row.receipt)
    try:
        spooled = spool_ballot(row, round_id=admission.round, form=form, key_id=admission.box, mark=key_mark)
    except KeyGone:
        return False
    with transaction.atomic():
        claimed = claim_code(issue=admission.issue, spend=spend, batch=admission.batch, box_key=admission.box, at=at)
        if claimed:
            fill_spool(spooled)
    return claimed


def _refuse_unfit(vote: str, section: str) -> None:
    """Refuse what could not be opened again, and any line but the bound one, so that nobody can put it into the box."""
    try:
        read = read_vote(vote)
        rated = [line["section"] for line in read["lines"]] if section else []
    except (ValueError, TypeError, KeyError):
        raise RuleViolation(ALTERED) from None
    if section and rated != [section]:
        raise RuleViolation(ALTERED)


def is_cast(admission: Admission, digits: str) -> bool:
    """True if a ballot with this page's receipt is in the spool or in the sealed box."""
    receipt = receipt_for(admission, digits)
    if BallotSpool.objects.filter(pk=mark(admission.random, receipt)).exists():
        return True
    return Ballot.objects.filter(round=admission.round, receipt=receipt).exists()


def _normalized(code: str) -> str:
    try:
        return read_code(code)
    except codes.CodeError as error:
        raise RuleViolation(str(error)) from None


def _why_not(admission: Admission, at: datetime) -> str:
    round_ = Round.objects.get(pk=admission.round)
    if round_.accepts(at):
        if round_.box_key != admission.box:
            return REPLACED
        halted = Credential.objects.filter(issue=admission.issue, spend=None, is_void=False, batch__is_halted=True)
        return HALTED if halted.exists() else UNUSABLE
    opens, closes = timezone.localtime(round_.opens_at), timezone.localtime(round_.closes_at)
    return f"{NOT_NOW}投票时间为{opens:%Y年%-m月%-d日 %H:%M}至{closes:%Y年%-m月%-d日 %H:%M}。"
