"""Signing codes of the drawn supervisors (签名码): permitted by two persons, sealed for one supervisor, handed over.

Codes are made when a supervisor's sheet (密封件) is taken out, which happens once; they sign only after a person other
than the one who took the sheet has confirmed that it was handed over. So nobody alone ever holds a code that signs.
"""

import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from evaluations.draws.models import Draw, DrawEntry, SigningCode, SigningSheet
from evaluations.protocol.codes import ENTROPY_BYTES, CodeError, encode_code, normalize_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import AnonymousActor, Role
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import require_numbered, require_two_persons

ISSUE, SEAL, HAND = "sign.issue", "sign.seal", "sign.hand"
SUPERVISOR = AnonymousActor(Role.SUPERVISOR)
DRAWN = frozenset({DrawStatus.DRAWN, DrawStatus.PUBLISHED})
UNKNOWN = "签名码有误、已使用、已作废或者不属于本轮现任监督员，请核对后重新输入；遗失、看不清的，请评议办作废并重发。"


@transaction.atomic
def issue_signing_codes(*, draw_id: int, by: User, at: datetime) -> list[SigningSheet]:
    """Permit a sheet for every supervisor in office who has none yet; no code exists before a sheet is taken out."""
    policy.check(by, ISSUE)
    draw = Draw.objects.select_for_update(of=("self",), no_key=True).select_related("round").get(pk=draw_id)
    refuse_issuing(draw)
    made = [SigningSheet(entry=entry, number=1, issued_at=at) for entry in without_codes(draw)]
    sheets = SigningSheet.objects.bulk_create(made)
    detail = {"step_label": "发放签名码", "supervisors": len(sheets)}
    audit.record(ISSUE, draw, by=by, at=at, detail=detail, wrote=sheets)
    return sheets


def refuse_issuing(draw: Draw) -> None:
    """Refuse to issue codes to others than drawn supervisors, or twice."""
    if draw.purpose != DrawPurpose.SUPERVISORS or draw.status not in DRAWN:
        raise RuleViolation("签名码只发给已抽中的监督员，请先完成监督员的抽取。")
    if not without_codes(draw).exists():
        raise RuleViolation(
            "现任监督员的签名码均已发放，不能重复发放。遗失、泄露的，请在“监督员签名码”页面逐人作废并重发。"
        )


def without_codes(draw: Draw) -> QuerySet[DrawEntry]:
    """Return the supervisors in office who have neither codes nor a permitted sheet."""
    sheets, codes = (model.objects.filter(entry=OuterRef("pk")) for model in (SigningSheet, SigningCode))
    return draw.entries.filter(~Exists(sheets), ~Exists(codes), is_selected=True).select_related("person")


@transaction.atomic
def reissue_signing_codes(*, entry_id: int, reason: str, by: User, at: datetime) -> SigningSheet:
    """Revoke a supervisor's unused codes, sheet included, and permit another sheet (作废并重发)."""
    policy.check(by, ISSUE)
    # Not the draw: a removal, which locks it, waits for its entries.
    entries = DrawEntry.objects.select_for_update(of=("self",), no_key=True).select_related("draw__round")
    entry = entries.get(pk=entry_id)
    refuse_reissuing(entry, reason)
    list(entry.signing_codes.select_for_update())  # one being spent is spent, or revoked, not both
    standing = entry.signing_sheets.filter(revoked_at=None).select_for_update(no_key=True).first()
    if standing:
        standing.revoked_at, standing.revoked_reason = at, reason.strip()
        standing.save(update_fields=["revoked_at", "revoked_reason"])
    sheet = SigningSheet.objects.create(entry=entry, number=entry.signing_sheets.count() + 1, issued_at=at)
    detail = {"step_label": f"作废并重发签名码：{entry.stratum}第{entry.place}位", "entry": entry.pk}
    wrote = [sheet, *([standing] if standing else [])]
    audit.record(ISSUE, entry.draw, by=by, at=at, reason=reason.strip(), detail=detail, wrote=wrote)
    return sheet


def refuse_reissuing(entry: DrawEntry, reason: str) -> None:
    """Refuse to reissue what was never issued, for somebody no longer in office, or without a reason."""
    if not entry.is_selected or entry.draw.purpose != DrawPurpose.SUPERVISORS:
        raise RuleViolation("只有现任监督员的签名码可以作废并重发；已被替换的监督员，其签名码随即失效，不必作废。")
    if not entry.signing_sheets.exists() and not entry.signing_codes.exists():
        raise RuleViolation("这名监督员尚无签名码，请先提请发放。")
    if not reason.strip():
        raise RuleViolation("请填写作废理由，例如：本人报告遗失。")


@transaction.atomic
def seal_codes(*, sheet_id: int, by: User, at: datetime) -> tuple[SigningSheet, list[str]]:
    """Make a supervisor's codes for printing, once (取出密封件); only their hashes stay."""
    policy.check(by, SEAL)
    require_numbered(by)
    # Who took it out is read after the lock: a join would still show what was before.
    sheet = _locked().select_related("entry__draw__round", "entry__person").get(pk=sheet_id)
    if sheet.revoked_at or not sheet.entry.is_selected:
        raise RuleViolation("这份签名码已经作废，或者该监督员已被替换，不能取出。请刷新页面，取出现行的一份。")
    if sheet.sealed_by:
        raise RuleViolation(
            f"这份签名码密封件已由{sheet.sealed_by.name}取出，只能取出一次。没有打印成功或者遗失的，请提请作废并重发。"
        )
    codes = [
        encode_code(secrets.token_bytes(ENTROPY_BYTES)) for _ in range(sheet.entry.draw.round.rulebook["signing_codes"])
    ]
    stored = SigningCode.objects.bulk_create(
        [SigningCode(entry=sheet.entry, sheet=sheet, code_sha256=sha256_hex(code.encode())) for code in codes]
    )
    sheet.sealed_at, sheet.sealed_by = at, by
    sheet.save(update_fields=["sealed_at", "sealed_by"])
    detail = {"step_label": f"取出签名码密封件：{sheet}", "entry": sheet.entry_id}
    audit.record(SEAL, sheet.entry.draw, by=by, at=at, detail=detail, wrote=[sheet, *stored])
    return sheet, codes


@transaction.atomic
def hand_over_codes(*, draw_id: int, sheet_ids: Collection[int], by: User, at: datetime) -> list[SigningSheet]:
    """Confirm that sealed sheets were handed to their supervisors (当面交付); not by the person who took them out."""
    policy.check(by, HAND)
    draw = Draw.objects.get(pk=draw_id)
    waiting = _locked().filter(entry__draw=draw, entry__is_selected=True, pk__in=sheet_ids).filter(TO_HAND)
    sheets = list(waiting.select_related("entry", "sealed_by").order_by("pk"))
    if not sheets or len(sheets) < len(set(sheet_ids)):
        raise RuleViolation("请勾选已经取出、尚未确认交付的密封件；页面显示的情况有变的，请刷新后再确认。")
    for sheet in sheets:
        if sheet.sealed_by:
            require_two_persons(by, sheet.sealed_by, "取出密封件的人不能确认交付，请由另一名工作人员或者负责人确认。")
        sheet.handed_at, sheet.handed_by = at, by
        sheet.save(update_fields=["handed_at", "handed_by"])
    detail = {"step_label": f"确认签名码已当面交付：{len(sheets)}份"}
    audit.record(HAND, draw, by=by, at=at, detail=detail, wrote=sheets)
    return sheets


def spend_signing_code(round_: Round, code: str, *, at: datetime) -> SigningCode:
    """Spend a supervisor's code and return it with its owner; call in the transaction that it confirms."""
    try:
        hashed = sha256_hex(normalize_code(code).encode())
    except CodeError as error:
        raise RuleViolation(str(error).replace("票号", "签名码")) from None
    drawn = SigningCode.objects.select_for_update(of=("self",)).select_related("entry__person")
    found = drawn.filter(code_sha256=hashed, entry__draw__round=round_, entry__is_selected=True).first()
    if found is None or found.used_at is not None:
        raise RuleViolation(UNKNOWN)
    _refuse_useless(found)
    found.used_at = at
    found.save(update_fields=["used_at"])
    return found


def _refuse_useless(code: SigningCode) -> None:
    """Refuse codes of a revoked or not yet handed sheet; read after the code is locked, as whoever revokes locks it."""
    if code.sheet_id is None:  # issued before there were sheets
        if SigningSheet.objects.filter(entry=code.entry_id).exists():
            raise RuleViolation(UNKNOWN)
        return
    sheet = SigningSheet.objects.select_for_update(no_key=True).get(pk=code.sheet_id)
    if sheet.revoked_at:
        raise RuleViolation(UNKNOWN)
    if not sheet.handed_at:
        raise RuleViolation("这份签名码尚未确认当面交付，不能使用。请由取出人以外的工作人员在“监督员签名码”页面确认。")


TO_HAND = Q(sealed_at__isnull=False, handed_at=None, revoked_at=None)


def _locked() -> QuerySet[SigningSheet]:
    return SigningSheet.objects.select_for_update(of=("self",), no_key=True)
