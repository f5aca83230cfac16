"""The items of a rectification (整改事项): plan, progress, extension, inspection, closing (rulebook R-H)."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accountability.cases.permissions import is_own
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import AttachmentRule
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.rectifications.queries import passing_checks, plan_terms, rectifications_for, signs_of
from accountability.rectifications.rules import UNDER_WAY, UNFINISHED, ItemState, RectificationState, due_error
from accountability.rectifications.services.rectifications import (
    check_own,
    close_if_complete,
    lock,
    move,
    refuse_unless_writable,
)
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

PLAN_FIELDS = ("cause", "goal", "measures", "leader", "person", "term", "due_on")

ATTACHMENTS = {
    Progress: AttachmentRule(
        "progress",
        lambda _: "rect.report",
        "rect.view",
        lambda progress: progress.item.state in UNFINISHED,
        lambda progress: progress.item.rectification.case.result.section,
        visible=lambda by: Progress.objects.filter(item__rectification__in=rectifications_for(by)),
        page=lambda progress: reverse("accountability:rectification", args=[progress.item.rectification_id]),
        title=lambda progress: str(progress.item),
    )
}


@transaction.atomic
def edit_item(*, item_id: int, facts: dict[str, Any], by: User, at: datetime) -> RectificationItem:
    """Fill in one item of the plan (原因、目标、措施、责任人、时限) while the unit may edit it."""
    item = _lock_item(item_id)
    check_own(by, "rect.plan", item.rectification)
    refuse_unless_writable(item.rectification)
    for field in PLAN_FIELDS:
        value = facts[field]
        setattr(item, field, value.strip() if isinstance(value, str) else value)
    error = due_error(item.term, item.due_on, plan_terms(item.rectification))
    if error:
        raise RuleViolation(error)
    item.save(update_fields=PLAN_FIELDS)
    audit.record("rect.plan", item, by=by, at=at, wrote=[item])
    return item


@transaction.atomic
def add_item(*, rectification_id: int, sign: str, by: User, at: datetime) -> RectificationItem:
    """Add another 表象 of the round's ballot form to the plan."""
    rectification = lock(rectification_id)
    check_own(by, "rect.plan", rectification)
    refuse_unless_writable(rectification)
    known = signs_of(rectification.case.result.round).get(sign)
    if known is None:
        raise RuleViolation("请从本轮评议表的表象中选择一个问题。")
    if rectification.items.filter(problem=known["text"]).exists():
        raise RuleViolation("整改方案中已有这个问题。")
    last = rectification.items.order_by("-position").values_list("position", flat=True).first() or 0
    item = RectificationItem.objects.create(
        rectification=rectification, position=last + 1, indicator=known["indicator"], problem=known["text"]
    )
    audit.record("rect.plan", item, by=by, at=at, detail={"added": sign}, wrote=[item])
    return item


@transaction.atomic
def report_progress(*, item_id: int, text: str, by: User, at: datetime) -> Progress:
    """Report progress on one item (整改进展); files can be attached to the report."""
    item = _lock_running_item(item_id, by, "rect.report")
    if not text.strip():
        raise RuleViolation("请填写进展情况。")
    progress = Progress.objects.create(item=item, text=text.strip(), by=by, at=at)
    audit.record("rect.report", progress, by=by, at=at, wrote=[progress])
    return progress


@transaction.atomic
def finish_item(*, item_id: int, outcome: str, by: User, at: datetime) -> RectificationItem:
    """Report an item as completed (报完成、申请销号); an inspection may then pass it."""
    item = _lock_running_item(item_id, by, "rect.report")
    if not outcome.strip():
        raise RuleViolation("请填写完成情况。")
    refuse_without_evidence(item)
    item.outcome, item.finished_at, item.state = outcome.strip(), at, ItemState.FINISHED
    item.save(update_fields=["outcome", "finished_at", "state"])
    audit.record("rect.report", item, by=by, at=at, detail={"step_label": "申报完成"}, wrote=[item])
    return item


@transaction.atomic
def ask_extension(*, item_id: int, due_on: date, reason: str, by: User, at: datetime) -> RectificationItem:
    """Request a later due date (申请延期), before the current one has passed."""
    item = _lock_item(item_id)
    _check_proposes(by, "rect.extend", item.rectification)
    until = refuse_unextendable(item, at)
    if due_on <= until or not reason.strip():
        raise RuleViolation(f"延期后的日期应晚于原时限{in_chinese(until)}，并写明理由。")
    item.wanted_due_on, item.wanted_reason = due_on, reason.strip()
    item.save(update_fields=["wanted_due_on", "wanted_reason"])
    detail = {"step_label": "申请延期"}
    audit.record("rect.extend", item, by=by, at=at, reason=reason.strip(), detail=detail, wrote=[item])
    if policy.requires_approval("rect.extend"):
        approvals.propose("rect.extend", item, by=by, at=at)
    return item


@transaction.atomic
def decide_extension(*, item_id: int, granted: bool, by: User, at: datetime) -> RectificationItem:
    """Grant or refuse a requested extension (批准延期)."""
    policy.check(by, "rect.extend")
    item = _lock_item(item_id)
    refuse_unless_asked(item)
    if granted:
        item.due_on = item.wanted_due_on
    reason = item.wanted_reason
    drop_extension(item)
    audit.record("rect.extend", item, by=by, at=at, reason=reason, detail={"granted": granted}, wrote=[item])
    return item


def drop_extension(item: RectificationItem) -> None:
    """Clear the requested due date, in the caller's transaction."""
    item.wanted_due_on, item.wanted_reason = None, ""
    item.save(update_fields=["due_on", "wanted_due_on", "wanted_reason"])


@transaction.atomic
def close_item(*, item_id: int, verdict: str, by: User, at: datetime) -> RectificationItem:
    """Close an item (销号) that an approved inspection passed after its report of completion."""
    policy.check(by, "rect.close")
    item = _lock_item(item_id)
    if not verdict.strip():
        raise RuleViolation("请填写验收意见。")
    refuse_unless_passed(item)
    item.state, item.verdict, item.accepted_by = ItemState.CLOSED, verdict.strip(), by
    item.closed_on = timezone.localtime(at).date()
    item.save(update_fields=["state", "verdict", "accepted_by", "closed_on"])
    close_if_complete(item.rectification, at)
    audit.record("rect.close", item, by=by, at=at, detail={"step_label": "销号"}, wrote=[item, item.rectification])
    return item


@transaction.atomic
def send_back_item(*, item_id: int, verdict: str, due_on: date, by: User, at: datetime) -> RectificationItem:
    """Return an item with a new due date (退回重改); repeated failure escalates to the commission."""
    policy.check(by, "rect.close")
    item = _lock_item(item_id)
    refuse_unless_finished(item)
    if not verdict.strip() or due_on <= timezone.localtime(at).date():
        raise RuleViolation("退回重改须写明理由和晚于今天的新时限。")
    item.state, item.verdict, item.due_on = ItemState.SENT_BACK, verdict.strip(), due_on
    item.failures += 1
    item.save(update_fields=["state", "verdict", "due_on", "failures"])
    rectification = item.rectification
    if item.failures >= int(rectification.case.result.round.rulebook["most_failures"]):
        move(rectification, RectificationState.ESCALATED)
    detail = {"step_label": "退回重改", "n": item.failures}
    wrote = [item, rectification]
    audit.record("rect.close", item, by=by, at=at, reason=verdict.strip(), detail=detail, wrote=wrote)
    return item


def _lock_item(item_id: int) -> RectificationItem:
    """Lock the whole rectification, whose state may change with its items'."""
    rectification = lock(RectificationItem.objects.only("rectification_id").get(pk=item_id).rectification_id)
    item = RectificationItem.objects.get(pk=item_id)
    item.rectification = rectification
    return item


def _lock_running_item(item_id: int, by: User, action: str) -> RectificationItem:
    item = _lock_item(item_id)
    check_own(by, action, item.rectification)
    refuse_unless_running(item)
    return item


def _check_proposes(by: User, action: str, rectification: Rectification) -> None:
    policy.check_proposes(by, action, own=is_own(by, rectification.case.result.section))


def refuse_unless_running(item: RectificationItem) -> None:
    """Refuse to report on an item that the unit is not working on."""
    if item.rectification.state not in UNDER_WAY or item.state not in UNFINISHED:
        state = (
            item.get_state_display()
            if item.rectification.state in UNDER_WAY
            else item.rectification.get_state_display()
        )
        raise RuleViolation(f"“{item.problem}”当前为“{state}”，不能填报。")


def refuse_unfinishable(item: RectificationItem) -> None:
    """Refuse to report an item as completed that the unit is not working on, or that has no file to show it."""
    refuse_unless_running(item)
    refuse_without_evidence(item)


def refuse_unextendable(item: RectificationItem, at: datetime) -> date:
    """Refuse a request for a later date once the present one, which is returned, has passed."""
    refuse_unless_running(item)
    if item.due_on is None or timezone.localtime(at).date() > item.due_on:
        raise RuleViolation("完成时限已过，不能再申请延期。")
    return item.due_on


def refuse_unless_asked(item: RectificationItem) -> None:
    """Refuse to decide on an extension that nobody asked for."""
    if item.wanted_due_on is None:
        raise RuleViolation("这个整改事项没有待批的延期申请。")


def refuse_unless_passed(item: RectificationItem) -> None:
    """Refuse to close an item that is not reported as completed, or that no later inspection has passed."""
    refuse_unless_finished(item)
    if not passing_checks(item).exists():
        raise RuleViolation("申报完成后尚无经审定通过的暗访复查结论，不能销号。请先安排暗访复查。")


def refuse_without_evidence(item: RectificationItem) -> None:
    """Refuse an item without a file that shows its completion; one sent back needs a file of the time since."""
    if not item.progress.exists():
        raise RuleViolation("请先填报进展并上传佐证材料，再申报完成。")
    files = Evidence.objects.filter(progress__item=item)
    if item.finished_at and not files.filter(uploaded_at__gt=item.finished_at).exists():
        raise RuleViolation("退回重改后尚未上传新的佐证材料。请填报进展并上传佐证材料，再申报完成。")
    if not files.exists():
        raise RuleViolation("尚未上传佐证材料。请在进展记录下上传照片、文件等佐证材料，再申报完成。")


def refuse_unless_finished(item: RectificationItem) -> None:
    """Refuse to accept or return an item that its unit has not reported as completed."""
    if item.rectification.state not in UNDER_WAY or item.state != ItemState.FINISHED:
        raise RuleViolation("单位申报完成后方可验收。")
