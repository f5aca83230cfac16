"""Recording the measures of a case (办理记录)."""

from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accountability.cases.models import Case, Measure
from accountability.cases.permissions import answers_for_cases
from accountability.cases.queries import WAIVE, WAIVE_FREEZE
from accountability.cases.rules.measures import (
    TALKS,
    CaseState,
    MeasureKind,
    MeasureState,
    record_action,
    waive_action,
)
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

WAIVED = "这项措施不再办理，不能恢复；理由、提请人、审批人和审批日期在问责事项和科室页面注明"
FREEZE_WAIVED = f"{WAIVED}；影响期自批准之日起解除，影响期登记和查询随之更新"
CLOSED = "该问责事项已办结，不能再改动。"


@transaction.atomic
def record_measure(*, measure_id: int, done_on: date, record: str, by: User, at: datetime) -> Measure:
    """Record a measure as carried out (登记办理), once, with date and record."""
    action, case, measure = _begin(measure_id, by, record_action)
    if measure.kind in TALKS:
        raise RuleViolation("谈话提醒须填写完整的谈话记录，经双方签字、上传附件后才算办理。")
    check_record(case, done_on, record, at)
    measure.state, measure.done_on = MeasureState.DONE, done_on
    return _finish(measure, record, action=action, by=by, at=at)


@transaction.atomic
def waive_measure(*, measure_id: int, reason: str, by: User, at: datetime) -> Measure:
    """Mark a measure as not applicable (不适用) with a reason; final, a decision of two persons."""
    action, case, measure = _begin(measure_id, by, waive_action)
    _refuse_without_reason(reason)
    measure.state = MeasureState.NOT_APPLICABLE
    if measure.kind == MeasureKind.FREEZE:
        end_freezes(case, f"影响期不适用：{reason.strip()}", at)
    return _finish(measure, reason, action=action, by=by, at=at)


def end_freezes(case: Case, reason: str, at: datetime) -> None:
    """End the case's freeze before its last day, in the caller's transaction; the caller logs its digest."""
    for freeze in case.freezes.filter(lifted_on__isnull=True):
        freeze.lifted_on, freeze.lift_reason = max(timezone.localdate(at), freeze.starts_on), reason[:300]
        freeze.save(update_fields=["lifted_on", "lift_reason"])


def may_record(by: User, measure: Measure) -> bool:
    """True if the account may record this measure or propose it."""
    return policy.may_start(by, record_action(MeasureKind(measure.kind)), own=answers_for_cases(by))


def may_waive(by: User, measure: Measure) -> bool:
    """True if the account may propose that this measure does not apply."""
    return approvals.may_start(by, waiver_of(measure), measure)


def waiver_of(measure: Measure) -> str:
    """Return the name of the approvable action that waives the measure."""
    return WAIVE_FREEZE if measure.kind == MeasureKind.FREEZE else WAIVE


def check_record(case: Case, done_on: date, record: str, at: datetime) -> None:
    """Refuse an empty record, or a date before publication or in the future."""
    if not record.strip():
        raise RuleViolation("请填写办理记录。")
    if done_on < case.first_published_on:
        raise RuleViolation(f"办理日期不能早于公示日期{in_chinese(case.first_published_on)}。")
    if done_on > timezone.localtime(at).date():
        raise RuleViolation("办理日期不能晚于今天。")


def _begin(measure_id: int, by: User, action_of: Callable[[MeasureKind], str]) -> tuple[str, Case, Measure]:
    asked = Measure.objects.only("kind", "case_id").get(pk=measure_id)
    action = action_of(MeasureKind(asked.kind))
    policy.check(by, action, own=answers_for_cases(by))
    case = lock_case(asked.case_id)
    measure = case.measures.get(pk=measure_id)
    _refuse_unless_pending(measure)
    return action, case, measure


def _refuse_unless_pending(measure: Measure) -> None:
    if measure.state != MeasureState.PENDING:
        raise RuleViolation(f"“{measure.get_kind_display()}”{measure.get_state_display()}，不能重复登记。")


def _refuse_without_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleViolation("请填写不适用的理由。")


def _finish(measure: Measure, record: str, *, action: str, by: User, at: datetime) -> Measure:
    measure.record, measure.done_by = record.strip(), by
    measure.save(update_fields=["state", "done_on", "record", "done_by"])
    detail: dict[str, object] = {"kind": measure.kind, "state": measure.state}
    if measure.kind == MeasureKind.FREEZE and measure.state == MeasureState.NOT_APPLICABLE:
        detail["fixed"] = fixed_digests(("freezes", measure.case_id))
    audit.record(action, measure, by=by, at=at, detail=detail, wrote=[measure])
    return measure


def lock_case(case_id: int) -> Case:
    """Lock and return an open case; every change to a case, its measures or freeze starts here."""
    case = Case.objects.select_for_update().get(pk=case_id)
    if case.state == CaseState.CLOSED:
        raise RuleViolation(CLOSED)
    return case


def _freeze_content(measure: Measure) -> dict[str, object]:
    spans = [str(freeze) for freeze in measure.case.freezes.all()]
    return {"事项": str(measure.case), "对象": measure.target, "依据": measure.basis, "影响期": spans or "无"}


def _record_content(measure: Measure, asked: Arguments) -> dict[str, object]:
    done_on = date.fromisoformat(asked["done_on"])
    check_record(measure.case, done_on, asked["record"], clock.now())
    return {**_freeze_content(measure), "办理日期": in_chinese(done_on), "办理记录": asked["record"]}


def _waiving_content(measure: Measure, asked: Arguments) -> dict[str, object]:
    return {
        "事项": str(measure.case),
        "措施": measure.get_kind_display(),
        "对象": measure.target,
        "责任单位": measure.responsible,
        "办理期限": in_chinese(measure.due_on) if measure.due_on else "无固定期限",
        "依据": measure.basis,
        "不适用理由": asked["reason"],
    }


def _require_reason(_: Measure, asked: Arguments, *, at: datetime) -> None:
    _refuse_without_reason(asked["reason"])


def refuse_over(measure: Measure) -> None:
    """Refuse to record or waive a measure that is over, or whose case is closed."""
    if measure.case.state == CaseState.CLOSED:
        raise RuleViolation(CLOSED)
    _refuse_unless_pending(measure)


def _names(measure: Measure, _: Arguments) -> str:
    return f"{measure.case}"


ACTIONS = (
    ApprovableAction(
        "freeze.record",
        "acc.hold.set",
        "登记影响期",
        Measure,
        content=_record_content,
        closed=refuse_over,
        follows=lambda _: "该项措施登记为已办理，不能再改动；影响期已自公示之日起生效，至期满为止",
        perform=calls(record_measure, "measure_id", done_on=date.fromisoformat),
        names=_names,
        is_small=True,
    ),
    ApprovableAction(
        WAIVE,
        waive_action(MeasureKind.NOTICE),
        "措施不适用",
        Measure,
        content=_waiving_content,
        perform=calls(waive_measure, "measure_id"),
        require=_require_reason,
        closed=refuse_over,
        follows=lambda _: WAIVED,
        names=lambda measure, _: f"{measure.case}，{measure}",
    ),
    ApprovableAction(
        WAIVE_FREEZE,
        waive_action(MeasureKind.FREEZE),
        "影响期不适用",
        Measure,
        content=lambda measure, asked: {**_waiving_content(measure, asked), **_freeze_content(measure)},
        perform=calls(waive_measure, "measure_id"),
        require=_require_reason,
        closed=refuse_over,
        follows=lambda _: FREEZE_WAIVED,
        names=_names,
        is_small=True,
    ),
)
