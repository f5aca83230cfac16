"""Requests about one's own data (个人信息申请): submitted by anybody, handled by the office with approval."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from evaluations.personal_data.models import DataRequest, RequestState, Wish
from evaluations.personal_data.services.people import held_about, named
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import contact_of, is_committed, reference_data
from evaluations.pools.rules.conflicts import conflict_of
from evaluations.pools.services.lists import fixed_pool
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals.authorizations import authorizing_action
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import decrypt, encrypt, keyed_hash, mask_phone
from nanchuan_eval.lists.rules import values
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention.services import RetentionRule
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import add_workdays, in_chinese

HANDLE, CORRECT, ANSWER, COPY = "privacy.handle", "privacy.correct", "privacy.answer", "privacy.copy"
SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
BAD_PHONE = "请填写11位手机号，用于查找您的信息和答复您。"
ANSWERS_KEPT = timedelta(days=365)


@transaction.atomic
def submit_request(*, wish: Wish, phone: str, text: str = "", at: datetime) -> DataRequest:
    """Store a request; does not reveal whether the phone is in a pool."""
    policy.check(policy.ANONYMOUS, "privacy.request", own=True)
    phone = values.phone(phone)
    if not phone:
        raise RuleViolation(BAD_PHONE)
    if wish == Wish.CORRECT and not text.strip():
        raise RuleViolation("请写明哪一项有误、如何更正。")
    today = timezone.localtime(at).date()
    row = DataRequest.objects.create(
        reference="".join(secrets.choice(SIGNS) for _ in range(10)),
        wish=wish,
        phone=phone,
        phone_hash=keyed_hash(phone),
        text=text.strip(),
        received_at=at,
        due_on=add_workdays(today, settings.PRIVACY_ANSWER_WORKDAYS, Holiday.objects.calendar()),
    )
    audit.record("privacy.request", row, by=policy.ANONYMOUS, at=at, detail={"wish": wish.value}, wrote=[row])
    return row


@transaction.atomic
def unmask_request(*, request_id: int, reason: str, by: User, at: datetime) -> str:
    """Return the phone to answer to; each access is in the audit log with its reason."""
    policy.check(by, "pool.unmask")
    row = DataRequest.objects.get(pk=request_id)
    if not reason.strip():
        raise RuleViolation("请填写查看理由。")
    audit.record("pool.unmask", row, by=by, at=at, reason=reason)
    return str(row.phone)


@transaction.atomic
def answer_request(*, request_id: int, state: RequestState, answer: str, by: User, at: datetime) -> DataRequest:
    """Close a request with its outcome: what was done, or why it was declined."""
    policy.check(by, HANDLE)
    row = DataRequest.objects.select_for_update().get(pk=request_id)
    if row.state != RequestState.OPEN:
        raise RuleViolation(f"该申请当前为“{row.get_state_display()}”，不能重复办理。")
    if not answer.strip():
        raise RuleViolation("请填写办理结果。")
    row.state, row.answer, row.answered_at = state, answer.strip(), at
    row.save(update_fields=["state", "answer", "answered_at"])
    detail = {"step_label": f"答复个人信息申请：{row.get_state_display()}"}
    audit.record(HANDLE, row, by=by, at=at, detail=detail, wrote=[row])
    return row


@transaction.atomic
def copy_for_person(*, request_id: int, name: str, by: User, at: datetime) -> bytes:
    """Return the data held about the person of this name and the request's phone as a workbook; uses up an approval."""
    row = DataRequest.objects.get(pk=request_id)
    spent = authorizations.consume(COPY, row, by=by, at=at)
    held = held_about(row.phone_hash, name) if name else []
    if not held:
        raise RuleViolation("名单库和办件中没有这个手机号、这个姓名的信息，请核对姓名；没有写错的，请据此答复本人。")
    detail = {"step_label": "导出本人信息", "entries": len(held)}
    entry = audit.record(HANDLE, row, by=by, at=at, detail=detail, wrote=filter(None, [spent]))
    columns = [ColumnSpec(label, 18) for label in held[0]]
    rows, notes = [list(each.values()) for each in held], [audit.export_number(entry)]
    sheet = SheetSpec("本人信息", columns, rows, heading="系统保存的本人信息", notes=notes)
    with audit.numbered(entry):
        return write_workbook([sheet])


@transaction.atomic
def correct_person(*, entry_id: int, changes: Mapping[str, str], reason: str, by: User, at: datetime) -> PoolEntry:
    """Correct a person's name, unit or phone; once a draw is committed, only the contact phone.

    The committed token is computed from the old name and phone, so the new phone is stored beside them.
    """
    policy.check(by, HANDLE)
    entry = PoolEntry.objects.select_for_update(of=("self",)).select_related("round").get(pk=entry_id)
    refuse_correction(entry, changes)
    phone = changes.get("phone", "")
    if is_committed(entry.round, entry.kind):
        entry.contact, entry.contact_hash = phone, keyed_hash(phone)
    else:
        entry.name, entry.unit = changes.get("name") or entry.name, changes.get("unit", entry.unit)
        if phone:
            entry.phone, entry.phone_hash = phone, keyed_hash(phone)
    entry.save(update_fields=["name", "unit", "phone", "phone_hash", "contact", "contact_hash"])
    detail = {"step_label": "更正本人信息", "fields": sorted(changes), "fixed": fixed_pool(entry.round, entry.kind)}
    audit.record(HANDLE, entry, by=by, at=at, reason=reason, detail=detail)
    return entry


def refuse_correction(entry: PoolEntry, changes: Mapping[str, str]) -> None:
    """Refuse an invalid correction; also called before it is proposed."""
    phone = changes.get("phone", "")
    if not changes:
        raise RuleViolation("没有改动。")
    if phone and values.phone(phone) != phone:
        raise RuleViolation(BAD_PHONE)
    if is_committed(entry.round, entry.kind) and {"name", "unit"} & set(changes):
        raise RuleViolation("抽取承诺已经公布，名单不能再改，只能更正联系用的手机号。")
    same = PoolEntry.objects.filter(round_id=entry.round_id, kind=entry.kind, phone_hash=keyed_hash(phone))
    if phone and same.exclude(pk=entry.pk).exists():
        raise RuleViolation("名单库中已有这个手机号。")


def packed(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the changes for storage in a proposal: the phone is encrypted."""
    return {key: encrypt(value) if key == "phone" else value for key, value in changes.items()}


def retention_rules() -> list[RetentionRule]:
    """Return the retention period of requests: a year after their answer."""
    return [RetentionRule("个人信息申请的手机号和说明", "答复后1年", _answered, _forget)]


def _answered(at: datetime) -> models.QuerySet[DataRequest]:
    return DataRequest.objects.filter(answered_at__lt=at - ANSWERS_KEPT).exclude(phone_hash__startswith="purged-")


def _forget(rows: models.QuerySet[DataRequest]) -> None:
    for row in rows:
        row.phone, row.text, row.phone_hash = "", "", f"purged-{uuid4().hex}"
        row.save(update_fields=["phone", "text", "phone_hash"])


def _unpacked(asked: Arguments) -> dict[str, str]:
    return {key: decrypt(value) if key == "phone" else value for key, value in asked["changes"].items()}


def _correction_content(entry: PoolEntry, asked: Arguments) -> dict[str, object]:
    changes, now = _unpacked(asked), {"name": entry.name, "unit": entry.unit}
    content: dict[str, object] = {"轮次": entry.round.name, "姓名": entry.name, "手机号": mask_phone(contact_of(entry))}
    for key, label in (("name", "姓名"), ("unit", "单位")):
        if key in changes:
            content[f"更正{label}"] = f"{now[key] or '（空）'} → {changes[key]}"
    if "phone" in changes:
        content["更正手机号"] = mask_phone(changes["phone"])
    if {"name", "unit"} & set(changes) and not entry.exclusion:
        conflict = conflict_of(changes.get("name", entry.name), changes.get("unit", entry.unit), reference_data())
        content |= {"回避提示": f"更正后，{conflict.rstrip('？')}，请核对是否登记回避。"} if conflict else {}
    return {**content, "理由": asked["reason"]}


def _correct(entry: PoolEntry, asked: Arguments, *, by: User, at: datetime) -> PoolEntry:
    return correct_person(entry_id=entry.pk, changes=_unpacked(asked), reason=asked["reason"], by=by, at=at)


def _request_content(row: DataRequest, asked: Arguments) -> dict[str, Any]:
    return {
        "申请": row.reference,
        "事项": row.get_wish_display(),
        "手机号": row.masked_phone,
        "核实身份的方式": asked["reason"],
    }


ACTIONS = (
    ApprovableAction(
        CORRECT,
        HANDLE,
        "更正本人信息",
        PoolEntry,
        _correction_content,
        _correct,
        names=lambda entry, _: named(entry),
    ),
    authorizing_action(COPY, "导出本人信息", DataRequest, _request_content, permission=HANDLE),
    ApprovableAction(
        ANSWER,
        HANDLE,
        "答复个人信息申请",
        DataRequest,
        lambda row, asked: {
            "申请": row.reference,
            "事项": row.get_wish_display(),
            "收到": f"{in_chinese(timezone.localdate(row.received_at))}，期限{in_chinese(row.due_on)}",
            "结论": RequestState(asked["state"]).label,
            "办理结果": asked["answer"],
        },
        calls(answer_request, "request_id", state=RequestState),
    ),
)
