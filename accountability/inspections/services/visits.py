"""Inspection visits (暗访): the record, its submission, which locks it, and its approval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from accountability.evidence.services.evidence import AttachmentRule
from accountability.inspections.models import Finding, Inspection, ItemCheck, Order
from accountability.inspections.rules import (
    CheckAnswer,
    CheckItem,
    Conclusion,
    InspectionState,
    Severity,
    record_errors,
    settled_as,
)
from accountability.leads.models import Lead
from accountability.rectifications.queries import signs_of
from accountability.rectifications.rules import ItemState, RectificationState
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import require_two_persons
from nanchuan_eval.workdays.rules import in_chinese

RECORD_FIELDS = ("method", "arrived_at", "left_at", "place", "errand", "call", "interviewed", "situation", "conclusion")


ATTACHMENTS = {
    Inspection: AttachmentRule(
        "inspection",
        lambda _: "insp.upload",
        "insp.evidence",
        lambda inspection: inspection.state == InspectionState.ASSIGNED,
        lambda inspection: inspection.section,
        visible=Inspection.objects.visible_to,
        page=lambda inspection: reverse("accountability:inspection", args=[inspection.pk]),
        is_own=lambda by, inspection: inspection.is_assigned_to(by),
        is_reader=lambda by, inspection: inspection.is_checked_by(by),
    )
}


@dataclass(frozen=True)
class Record:
    """Content of the visit form; it may be incomplete until it is submitted."""

    method: str = ""
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    place: str = ""
    errand: str = ""
    call: str = ""
    interviewed: int | None = None
    situation: str = ""
    conclusion: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)
    # (code of the 表象, severity)
    findings: Sequence[tuple[str, str]] = ()
    # item of the plan -> passed
    items: Mapping[int, bool] = field(default_factory=dict)


@transaction.atomic
def save_record(*, inspection_id: UUID, record: Record, by: User, at: datetime) -> Inspection:
    """Save an unsubmitted record, complete or not (保存); idempotent."""
    inspection = _lock_own(inspection_id, by, "insp.record")
    _refuse_bad_times(inspection, record, at)
    for name in RECORD_FIELDS:
        setattr(inspection, name, getattr(record, name))
    inspection.checks = _known_checks(record.checks)
    inspection.save(update_fields=[*RECORD_FIELDS, "checks"])
    _store_findings(inspection, record.findings)
    _store_item_checks(inspection, record.items)
    audit.record("insp.record", inspection, by=by, at=at, wrote=[inspection])
    return inspection


@transaction.atomic
def submit_record(*, inspection_id: UUID, lead: str, by: User, at: datetime) -> Inspection:
    """Submit and lock a complete record (提交); its digest goes to the audit log.

    Allegations of misconduct become a lead for the commission and are stored nowhere else.
    """
    inspection = _lock_own(inspection_id, by, "insp.submit")
    errors = missing_in(inspection)
    if inspection.conclusion == Conclusion.TRANSFER and not lead.strip():
        errors.append("结论为“移送”的，请填写问题线索。")
    if errors:
        raise RuleViolation(*errors)
    inspection.state, inspection.submitted_at = InspectionState.SUBMITTED, at
    inspection.record_sha256 = record_digest(inspection)
    inspection.save(update_fields=["state", "submitted_at", "record_sha256"])
    wrote: list[Model] = [inspection]
    if lead.strip():
        wrote.append(
            Lead.objects.create(section=inspection.section, inspection=inspection, facts=lead.strip(), received_at=at)
        )
    audit.record("insp.submit", inspection, by=by, at=at, detail={"record": inspection.record_sha256}, wrote=wrote)
    return inspection


@transaction.atomic
def approve_record(*, inspection_id: UUID, by: User, at: datetime) -> Inspection:
    """Approve a submitted record (审定); the record of a return visit also settles its order."""
    policy.check(by, "insp.approve")
    inspection = lock_inspection(inspection_id)
    if inspection.state != InspectionState.SUBMITTED:
        raise RuleViolation("已提交的暗访记录方可审定。")
    if inspection.record_sha256 != record_digest(inspection):
        raise RuleViolation("暗访记录与提交时的校验值不符，不能审定，请告知审计员。")
    for inspector in inspection.inspectors.all():
        require_two_persons(by, inspector, "不能审定本人参加的暗访的记录，请由其他人员办理。")
    inspection.state, inspection.approved_by, inspection.approved_at = InspectionState.APPROVED, by, at
    inspection.save(update_fields=["state", "approved_by", "approved_at"])
    wrote: list[Model] = [inspection]
    if inspection.returns_to_id:
        state = settled_as(passed=inspection.conclusion == Conclusion.SOUND)
        orders = Order.objects.filter(inspection=inspection.returns_to_id)
        orders.update(state=state)
        wrote += orders
    detail = {"conclusion": inspection.conclusion}
    audit.record("insp.approve", inspection, by=by, at=at, detail=detail, wrote=wrote)
    return inspection


def lock_inspection(inspection_id: UUID) -> Inspection:
    """Lock one visit and load its section, round and rectification."""
    rows = Inspection.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("section", "plan__round", "rectification").get(pk=inspection_id)


def record_digest(inspection: Inspection) -> str:
    """SHA-256 of the whole record with its findings, checks and files."""
    facts = _facts(inspection)
    times = {name: facts[name].isoformat() if facts[name] else "" for name in ("arrived_at", "left_at")}
    document = {
        **facts,
        **times,
        "inspection": str(inspection.pk),
        "findings": [list(row) for row in inspection.findings.order_by("text").values_list("text", "severity")],
        "items": [list(row) for row in inspection.item_checks.order_by("item").values_list("item_id", "is_passed")],
        "files": list(inspection.evidence.order_by("pk").values_list("sha256", flat=True)),
    }
    return sha256_hex(canonical_json(document))


def open_items(inspection: Inspection) -> list[Any]:
    """Open items of the unit's rectification plan, to be checked on this visit; none of one that was cancelled."""
    if inspection.rectification is None or inspection.rectification.state == RectificationState.CANCELLED:
        return []
    return list(inspection.rectification.items.exclude(state=ItemState.CLOSED))


def missing_in(inspection: Inspection) -> list[str]:
    """Return what keeps the record, as it is saved, from being submitted."""
    return record_errors(_facts(inspection), inspection.findings.count(), _unchecked(inspection))


def refuse_incomplete(inspection: Inspection) -> None:
    """Refuse to submit a record that is not complete, or is submitted already."""
    _refuse_unless_assigned(inspection)
    if errors := missing_in(inspection):
        raise RuleViolation(*errors)


def _facts(inspection: Inspection) -> dict[str, Any]:
    return {**{name: getattr(inspection, name) for name in RECORD_FIELDS}, "checks": dict(inspection.checks)}


def _unchecked(inspection: Inspection) -> list[str]:
    checked = set(inspection.item_checks.values_list("item_id", flat=True))
    return [item.problem for item in open_items(inspection) if item.pk not in checked and item.finished_at]


def _lock_own(inspection_id: UUID, by: User, action: str) -> Inspection:
    inspection = lock_inspection(inspection_id)
    policy.check(by, action, own=inspection.is_assigned_to(by))
    _refuse_unless_assigned(inspection)
    return inspection


def _refuse_unless_assigned(inspection: Inspection) -> None:
    if inspection.state != InspectionState.ASSIGNED:
        raise RuleViolation(
            "这次暗访已取消，不能填写记录。"
            if inspection.state == InspectionState.CANCELLED
            else "暗访记录已提交并锁定，不能再改动。"
        )


def _refuse_bad_times(inspection: Inspection, record: Record, at: datetime) -> None:
    for moment in (record.arrived_at, record.left_at):
        if moment and timezone.localtime(moment).date() < inspection.visit_on:
            raise RuleViolation(f"暗访时间不能早于排定的日期{in_chinese(inspection.visit_on)}。")
        if moment and moment > at:
            raise RuleViolation("到达和离开时间不能晚于现在。")
    if record.left_at and (record.arrived_at is None or record.left_at < record.arrived_at):
        raise RuleViolation("离开时间不能早于到达时间。")


def _known_checks(checks: Mapping[str, str]) -> dict[str, str]:
    if not set(checks) <= set(CheckItem.values) or not set(checks.values()) <= set(CheckAnswer.values):
        raise RuleViolation("检查项有误，请重新选择。")
    return dict(checks)


def _store_findings(inspection: Inspection, findings: Sequence[tuple[str, str]]) -> None:
    signs = signs_of(inspection.plan.round)
    if any(code not in signs or severity not in Severity.values for code, severity in findings):
        raise RuleViolation("请从本轮评议表的表象中选择发现的问题。")
    inspection.findings.all().delete()
    Finding.objects.bulk_create(
        Finding(inspection=inspection, indicator=signs[code]["indicator"], text=signs[code]["text"], severity=severity)
        for code, severity in dict(findings).items()
    )


def _store_item_checks(inspection: Inspection, items: Mapping[int, bool]) -> None:
    known = {item.pk for item in open_items(inspection)}
    if not set(items) <= known:
        raise RuleViolation("复查的整改事项不属于这个科室。")
    inspection.item_checks.all().delete()
    ItemCheck.objects.bulk_create(
        ItemCheck(inspection=inspection, item_id=item, is_passed=passed) for item, passed in items.items()
    )
