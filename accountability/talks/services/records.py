"""Talk records (谈话提醒): a talk is done once its record is complete, signed, scanned and confirmed."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accountability.cases.documents import moment
from accountability.cases.models import Measure
from accountability.cases.permissions import answers_for_cases, is_own, measures_for
from accountability.cases.rules.measures import TALKS, CaseState, MeasureKind, MeasureState, TalkState, record_action
from accountability.cases.services import CLOSED, lock_case
from accountability.evidence.services.evidence import AttachmentRule
from accountability.talks.models import Talk
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core import attempts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

FIELDS = (
    "talker",
    "person",
    "post",
    "held_at",
    "place",
    "reason",
    "points",
    "attitude",
    "demand",
    "recorder",
    "is_signed",
)
WRITABLE = frozenset({TalkState.DRAFT, TalkState.RETURNED})


ATTACHMENTS = {
    Talk: AttachmentRule(
        "talk",
        lambda talk: record_action(talk.measure.kind),
        "acc.view",
        lambda talk: talk.state in WRITABLE,
        lambda talk: talk.measure.case.result.section,
        visible=lambda by: Talk.objects.filter(measure__in=measures_for(by)),
        page=lambda talk: reverse("accountability:talk", args=[talk.measure_id]),
    )
}


@transaction.atomic
def write_talk(*, measure_id: int, facts: dict[str, Any], by: User, at: datetime) -> Talk:
    """Create or change the record of a talk (谈话记录) before it is submitted."""
    measure = lock_talk_measure(measure_id)
    check_writes(by, measure)
    talk = Talk.objects.filter(measure=measure).first() or Talk(measure=measure)
    _refuse_unless_writable(talk)
    for field in FIELDS:
        value = facts[field]
        setattr(talk, field, value.strip() if isinstance(value, str) else value)
    _check_facts(talk, at)
    talk.filed_by, talk.filed_at = by, at
    talk.save()
    audit.record(talk_action(measure), talk, by=by, at=at, detail={"step_label": "填写谈话记录"}, wrote=[talk])
    return talk


@transaction.atomic
def file_talk(*, talk_id: int, by: User, at: datetime) -> Talk:
    """Submit a signed and scanned record (报送); for the commission's own talk this completes the measure."""
    talk = _lock(talk_id)
    check_writes(by, talk.measure)
    _refuse_unless_writable(talk)
    _refuse_unsigned(talk)
    if policy.may(by, talk_action(talk.measure), own=answers_for_cases(by)):
        return _finish(talk, by=by, at=at)
    talk.state, talk.filed_by, talk.filed_at = TalkState.FILED, by, at
    talk.save(update_fields=["state", "filed_by", "filed_at"])
    audit.record(talk_action(talk.measure), talk, by=by, at=at, detail={"step_label": "报送谈话记录"}, wrote=[talk])
    if policy.requires_approval(talk_action(talk.measure)):
        approvals.propose("talk.confirm", talk, by=by, at=at)
    return talk


@transaction.atomic
def confirm_talk(*, talk_id: int, by: User, at: datetime) -> Talk:
    """Confirm a unit's record (确认), which completes the measure."""
    talk = _lock(talk_id)
    policy.check(by, talk_action(talk.measure), own=answers_for_cases(by))
    _refuse_unless_filed(talk)
    _refuse_unsigned(talk)
    return _finish(talk, by=by, at=at)


@transaction.atomic
def return_talk(*, talk_id: int, reason: str, by: User, at: datetime) -> Talk:
    """Return a unit's record with a reason (退回)."""
    talk = _lock(talk_id)
    policy.check(by, talk_action(talk.measure), own=answers_for_cases(by))
    _refuse_unless_filed(talk)
    if not reason.strip():
        raise RuleViolation("请填写退回理由。")
    reopen_talk(talk, reason.strip())
    audit.record(talk_action(talk.measure), talk, by=by, at=at, reason=reason.strip(), wrote=[talk])
    return talk


def reopen_talk(talk: Talk, reason: str) -> None:
    """Reopen a submitted record for the unit; runs in the caller's transaction."""
    talk.state, talk.return_reason = TalkState.RETURNED, reason
    talk.save(update_fields=["state", "return_reason"])


def may_write(by: User, measure: Measure) -> bool:
    """True if the account may write the record of this talk."""
    action = talk_action(measure)
    if policy.roles_proposing(action):
        return policy.may_propose(by, action, own=is_own(by, measure.case.result.section))
    return policy.may(by, action, own=answers_for_cases(by))


def may_confirm(by: User, measure: Measure) -> bool:
    """True if the account confirms or returns records on the talk's page, not in the approval inbox."""
    return not policy.requires_approval(talk_action(measure)) and policy.may(
        by, talk_action(measure), own=answers_for_cases(by)
    )


def record_fields(talk: Talk) -> list[tuple[str, str]]:
    """(label, value) of the record's fields, as pages and approvers read it."""
    labels = {field.name: str(field.verbose_name) for field in Talk._meta.fields}
    shown = [(labels[name], str(getattr(talk, name))) for name in FIELDS if name not in {"is_signed", "held_at"}]
    shown.insert(3, ("谈话时间", moment(talk.held_at)))
    return [*shown, ("双方签字", "已签字" if talk.is_signed else "未签字")]


def talk_action(measure: Measure) -> str:
    """Return the policy action of this talk."""
    return record_action(MeasureKind(measure.kind))


def lock_talk_measure(measure_id: int) -> Measure:
    """Lock the case and return the pending talk among its measures."""
    lock_case(Measure.objects.only("case_id").get(pk=measure_id).case_id)
    measure = Measure.objects.select_related("case__result__section").get(pk=measure_id)
    refuse_no_talk_due(measure)
    return measure


def refuse_no_talk_due(measure: Measure) -> None:
    """Refuse anything about a measure that is no talk, or a talk that is done or no longer due."""
    if measure.kind not in TALKS:
        raise RuleViolation(f"“{measure.get_kind_display()}”不是谈话，请直接登记办理情况。")
    if measure.case.state == CaseState.CLOSED:
        raise RuleViolation(CLOSED)
    if measure.state != MeasureState.PENDING:
        raise RuleViolation(f"“{measure.get_kind_display()}”{measure.get_state_display()}，不能重复登记。")


def _lock(talk_id: int) -> Talk:
    measure = lock_talk_measure(Talk.objects.only("measure_id").get(pk=talk_id).measure_id)
    return measure.talk


def check_writes(by: User, measure: Measure) -> None:
    """Refuse an account that does not write the record of this talk."""
    if not may_write(by, measure):
        raise policy.Denied(by, talk_action(measure))
    attempts.record_attempt(by, talk_action(measure))


def refuse_unwritable(measure: Measure) -> None:
    """Refuse to write the record of a talk that is not due, or whose record is filed."""
    refuse_no_talk_due(measure)
    _refuse_unless_writable(Talk.objects.filter(measure=measure).first() or Talk(measure=measure))


def refuse_unreturnable(talk: Talk) -> None:
    """Refuse to return a record that does not await its confirmation."""
    refuse_no_talk_due(talk.measure)
    _refuse_unless_filed(talk)


def _check_facts(talk: Talk, at: datetime) -> None:
    labels = {field.name: str(field.verbose_name) for field in Talk._meta.fields}
    empty = [labels[name] for name in FIELDS if name != "is_signed" and not getattr(talk, name)]
    if empty:
        raise RuleViolation(*[f"请填写{label}。" for label in empty])
    published_on = talk.measure.case.first_published_on
    if timezone.localtime(talk.held_at).date() < published_on:
        raise RuleViolation(f"谈话时间不能早于公示日期{in_chinese(published_on)}。")
    if talk.held_at > at:
        raise RuleViolation("谈话时间不能晚于现在。")


def _refuse_unless_writable(talk: Talk) -> None:
    if talk.state not in WRITABLE:
        raise RuleViolation(f"谈话记录当前为“{talk.get_state_display()}”，不能改动。")


def _refuse_unless_filed(talk: Talk) -> None:
    if talk.state != TalkState.FILED:
        raise RuleViolation("报送待确认的谈话记录方可确认或退回。")


def _refuse_unsigned(talk: Talk) -> None:
    lacks = []
    if not talk.is_signed:
        lacks.append("谈话记录须由谈话人和谈话对象签字，请勾选“双方已签字”。")
    if not talk.evidence.exists():
        lacks.append("请先上传双方签字的谈话记录扫描件或照片。")
    if lacks:
        raise RuleViolation(*lacks)


def _finish(talk: Talk, *, by: User, at: datetime) -> Talk:
    talk.state, talk.confirmed_by, talk.confirmed_at = TalkState.CONFIRMED, by, at
    talk.save(update_fields=["state", "confirmed_by", "confirmed_at"])
    measure = talk.measure
    measure.state, measure.done_by = MeasureState.DONE, by
    measure.done_on = timezone.localtime(talk.held_at).date()
    measure.record = f"{talk.talker}与{talk.person_and_post}谈话，地点：{talk.place}；谈话记录第{talk.pk}号。"
    measure.save(update_fields=["state", "done_by", "done_on", "record"])
    detail = {"kind": measure.kind, "talk": talk.pk}
    audit.record(talk_action(measure), measure, by=by, at=at, detail=detail, wrote=[measure, talk])
    return talk


def _confirmation_content(talk: Talk, _: approvals.Arguments) -> dict[str, object]:
    files = [f"{file.name}（{file.sha256}）" for file in talk.evidence.all()]
    return {"事项": str(talk.measure.case), **dict(record_fields(talk)), "签字件": files}


ACTIONS = (
    approvals.ApprovableAction(
        "talk.confirm",
        "acc.talk.head",
        "确认谈话记录",
        Talk,
        content=_confirmation_content,
        perform=approvals.calls(confirm_talk, "talk_id"),
        is_own=lambda by, talk: is_own(by, talk.measure.case.result.section),
        undo=reopen_talk,
        follows=lambda _: "谈话记录锁定，该项措施登记为已办理，不能再改动",
        names=lambda talk, _: f"{talk.measure.case}，{talk}",
        is_small=True,
    ),
)
