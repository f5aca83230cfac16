"""Paper ballots (纸质票): slips spend codes; sheets are keyed twice, and a third person settles differences.

The system never links the slip with the code to the sheet with the answers.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import Vote
from evaluations.box_key.services.rows import spool_ballot
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import family_of
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.paper_ballots.queries import account_of_batch, is_out_of_balance
from evaluations.paper_ballots.rules.ballot_account import SheetKind, imbalances, lacks_slip
from evaluations.protocol import codes
from evaluations.protocol.box_rows import BallotRow
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import fill_spool
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import require_two_persons


@dataclass(frozen=True)
class SheetContent:
    """Content of a sheet as keyed: a vote and a comment, or the reason why there is none."""

    kind: SheetKind
    vote: Vote | None = None
    comment: str = ""
    reason: str = ""

    def to_json(self) -> str:
        """Return canonical JSON, by which two keyings are compared."""
        vote = self.vote.as_json() if self.vote else None
        return canonical_json(
            {"kind": self.kind.value, "vote": vote, "comment": self.comment, "reason": self.reason}
        ).decode()


class RefusedSlip(NamedTuple):
    """A line that was not registered: its text and why."""

    typed: str
    fault: str


@transaction.atomic
def register_slips(*, batch_id: int, typed: Sequence[str], by: User, at: datetime) -> list[RefusedSlip]:
    """Spend the codes of returned slips (票号联), which can then not vote online; returns refused lines."""
    policy.check_proposes(by, "paper.entry")
    batch = _open_batch(batch_id)
    refusals = []
    accepted = 0
    for text in typed:
        fault = _spend(batch, text)
        accepted += not fault
        if fault:
            refusals.append(RefusedSlip(text.strip(), fault))
    if accepted:
        reopened = _reassess(batch)
        audit.record("paper.entry", batch, by=by, at=at, detail={"slips": accepted}, wrote=reopened)
    return refusals


@transaction.atomic
def key_sheet(*, batch_id: int, number: int, content: SheetContent, by: User, at: datetime) -> PaperSheet:
    """Key a sheet: the first keying is stored; the second, by another person, settles the sheet if equal."""
    batch = _open_batch(batch_id)
    _refuse_unfit(content, batch)
    sheet = PaperSheet.objects.select_for_update().filter(batch=batch, number=number).first()
    if sheet is None:
        return _first_keying(batch, number, content, by, at)
    if sheet.kind or sheet.second:
        raise RuleViolation(f"第{number}号票已经录入两次。" + ("" if sheet.kind else "两次不一致，请第三人核对。"))
    policy.check(by, "paper.match")
    _refuse_same_person(by, sheet.first_by, "同一张正票")
    sheet.second, sheet.second_by = content.to_json(), by
    if sheet.second == sheet.first:
        _settle(sheet, sheet.second)
    sheet.save()
    wrote = [sheet, *_reassess(batch)]
    audit.record("paper.match", batch, by=by, at=at, detail={"sheet": number, "equal": bool(sheet.kind)}, wrote=wrote)
    return sheet


@transaction.atomic
def withdraw_keying(*, sheet_id: int, reason: str, by: User, at: datetime) -> CodeBatch:
    """Withdraw one's own first keying (e.g. under a wrong number), before the second one."""
    policy.check_proposes(by, "paper.entry")
    found = PaperSheet.objects.filter(pk=sheet_id).first()
    if found is None:
        raise RuleViolation("这次录入已经撤回。")
    batch = _open_batch(found.batch_id)
    sheet = PaperSheet.objects.select_related("first_by").get(pk=sheet_id)
    if sheet.second or sheet.kind:
        raise RuleViolation(f"第{sheet.number}号票已经录入两次，不能撤回。")
    if sheet.first_by is None or sheet.first_by.person != by.person:
        raise RuleViolation("只有录入的人可以撤回自己的录入。")
    if not reason.strip():
        raise RuleViolation("请填写撤回的理由。")
    PaperSheet.objects.filter(pk=sheet.pk).delete()
    wrote = [sheet, *_reassess(batch)]
    detail = {"sheet": sheet.number, "withdrawn": True}
    audit.record("paper.entry", batch, by=by, at=at, reason=reason, detail=detail, wrote=wrote)
    return batch


@transaction.atomic
def settle_sheet(*, sheet_id: int, content: SheetContent, by: User, at: datetime) -> PaperSheet:
    """Settle a sheet with two different keyings, as the third person."""
    policy.check(by, "paper.match")
    found = PaperSheet.objects.select_related("batch").get(pk=sheet_id)
    batch = _open_batch(found.batch_id)
    sheet = PaperSheet.objects.select_for_update().get(pk=sheet_id)
    if sheet.kind or not sheet.second:
        raise RuleViolation("这张票不需要第三人核对。")
    for earlier in (sheet.first_by, sheet.second_by):
        _refuse_same_person(by, earlier, "同一张正票")
    _refuse_unfit(content, batch)
    _settle(sheet, content.to_json())
    sheet.settled_by = by
    sheet.save()
    wrote = [sheet, *_reassess(batch)]
    audit.record("paper.match", batch, by=by, at=at, detail={"sheet": sheet.number, "settled": True}, wrote=wrote)
    return sheet


class CountDiffers(RuleViolation):
    """The hand count does not balance and nobody has confirmed it yet: probably a typing error, so nothing changed."""


@transaction.atomic
def record_count(
    *, batch_id: int, counted: Mapping[str, int], by: User, at: datetime, is_confirmed: bool = False
) -> list[str]:
    """Record the hand count after the vote; returns imbalances, which halt the channel once they are confirmed."""
    policy.check_proposes(by, "paper.entry")
    batch = _open_batch(batch_id)
    if at < batch.round.closes_at:
        raise RuleViolation("投票截止后方可清点；截止前仍有人在网上投票。")
    faults = imbalances(replace(account_of_batch(batch), **counted))
    if faults and not is_confirmed:
        raise CountDiffers(*faults)
    count, _ = PaperCount.objects.update_or_create(
        batch=batch, defaults={**counted, "counted_by": by, "cleared_by": None, "cleared_because": ""}
    )
    _halt_or_resume(batch)
    detail = {"counted": dict(counted), "faults": faults}
    audit.record("paper.entry", batch, by=by, at=at, detail=detail, wrote=[count])
    return faults


@transaction.atomic
def clear_imbalance(*, batch_id: int, reason: str, by: User, at: datetime) -> CodeBatch:
    """Accept an explained difference (查清); by a person other than the one who counted."""
    policy.check(by, "paper.match")
    batch = _open_batch(batch_id)
    if not reason.strip():
        raise RuleViolation("请填写差异原因和处理情况。")
    count = PaperCount.objects.filter(batch=batch).first()
    ballot_account = account_of_batch(batch)
    if count is None or not imbalances(ballot_account):
        raise RuleViolation("这个批次没有待处理的差异。")
    _refuse_same_person(by, count.counted_by, "清点和处理差异")
    if ballot_account.unsettled:
        raise RuleViolation("还有正票没有完成双人录入和比对，不能按差异处理。")
    count.cleared_by, count.cleared_because = by, reason.strip()
    count.save(update_fields=["cleared_by", "cleared_because"])
    _halt_or_resume(batch)
    audit.record("paper.match", batch, by=by, at=at, reason=reason, wrote=[count])
    return batch


def _open_batch(batch_id: int) -> CodeBatch:
    """Lock the batch's round, which keeps sealing from running at the same time; returns the batch."""
    batch = CodeBatch.objects.select_related("section").get(pk=batch_id)
    if batch.replaces_id:
        raise RuleViolation("补发票号的纸质票在原批次办理。")
    batch.round = lock_round(batch.round_id)
    if batch.round.state != RoundState.OPEN:
        raise RuleViolation("纸质票只能在开启评议之后、封箱之前办理。")
    return batch


def _spend(batch: CodeBatch, text: str) -> str:
    try:
        spend = codes.spend_hash(batch.round.key, codes.normalize_code(text))
    except codes.CodeError as error:
        return str(error)
    mine = Credential.objects.select_for_update(of=("self",)).filter(batch__in=family_of(batch))
    credential = mine.select_related("batch").filter(issue=codes.issue_hash(spend)).first()
    if credential is None:
        return "不是本批次的票号。"
    if credential.is_void or not credential.batch.is_open:
        return "票号已作废。"
    if credential.spend:
        return "该票号联已登记。" if credential.is_on_paper else "该票号已在网上投票，信封内的正票不计票。"
    credential.spend, credential.is_on_paper = spend, True
    credential.save(update_fields=["spend", "is_on_paper"])
    return ""


def _first_keying(batch: CodeBatch, number: int, content: SheetContent, by: User, at: datetime) -> PaperSheet:
    policy.check_proposes(by, "paper.entry")
    ballot_account = account_of_batch(batch)
    lack = lacks_slip(ballot_account.slips, ballot_account.sheets)
    if lack:
        raise RuleViolation(lack)
    sheet = PaperSheet.objects.create(batch=batch, number=number, first=content.to_json(), first_by=by)
    wrote = [sheet, *_reassess(batch)]
    audit.record("paper.entry", batch, by=by, at=at, detail={"sheet": number}, wrote=wrote)
    return sheet


def _settle(sheet: PaperSheet, decided: str) -> None:
    """Put the sealed vote into the spool and erase both keyings."""
    content = json.loads(decided)
    sheet.kind, sheet.reason = content["kind"], content["reason"]
    sheet.first = sheet.second = ""
    if sheet.kind != SheetKind.VALID:
        return
    round_, batch = sheet.batch.round, sheet.batch
    # Nobody gets this receipt; the voter can find the slip's code in the list of E.
    sheet.receipt = codes.encode_code(secrets.token_bytes(13))
    row = BallotRow(
        channel=batch.channel,
        comment=content["comment"],
        nonce=secrets.token_hex(32),
        origin=batch.origin,
        receipt=sheet.receipt,
        round=round_.key,
        vote=canonical_json(content["vote"]).decode(),
    )
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    # As random as a web ballot's mark: the version bits of a uuid4 would tell paper from web.
    mark = UUID(bytes=secrets.token_bytes(16))
    fill_spool(spool_ballot(row, round_id=round_.pk, form=form, key_id=round_.box_key, mark=mark))


def _reassess(batch: CodeBatch) -> list[PaperCount]:
    """Judge the changed account of a batch; returns its count if a difference accepted before is open again."""
    reopened = list(PaperCount.objects.filter(batch=batch).exclude(cleared_because=""))
    for count in reopened:
        count.cleared_by, count.cleared_because = None, ""
        count.save(update_fields=["cleared_by", "cleared_because"])
    _halt_or_resume(batch)
    return reopened


def _halt_or_resume(batch: CodeBatch) -> None:
    """Halt the channel if one of its batches has an open difference, else resume it."""
    is_halted = is_out_of_balance(batch.round, batch.channel)
    CodeBatch.objects.filter(round=batch.round, channel=batch.channel).update(is_halted=is_halted)


def _refuse_unfit(content: SheetContent, batch: CodeBatch) -> None:
    """Refuse a sheet without a vote or a reason, and on a sheet bound to a section every other one."""
    section = batch.section
    if section and content.vote and any(line.section != section.code for line in content.vote.lines):
        raise RuleViolation(
            f"本批次的正票只评{section}，不能录入其他科室。票面上写了其他科室的，只录这个科室；没有评这个科室的，认定为无效。"
        )
    if (content.kind == SheetKind.VALID) != (content.vote is not None):
        raise RuleViolation("有效票须录入至少一个科室；没有可录入的内容时请认定为空白、污损或无效。")
    if content.kind != SheetKind.VALID and not content.reason.strip():
        raise RuleViolation("认定空白、污损或无效须写明理由。")


def _refuse_same_person(by: User, earlier: User | None, what: str) -> None:
    if settings.TWO_PERSON_RULE and earlier is not None:
        require_two_persons(by, earlier, f"{what}须由不同的人办理，您已经办理过。")
