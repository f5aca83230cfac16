"""Cases after a correction: those of sections listed again are reopened, pending measures follow a changed place."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from accountability.case_lifecycle.queries import planned_measures
from accountability.cases.models import Case, CaseQuerySet, Measure
from accountability.cases.rules.deadlines import Terms
from accountability.cases.rules.measures import (
    CHIEF_ATTENDS,
    CORRECTED,
    MOVED,
    CaseState,
    MeasureKind,
    MeasureState,
    PlannedMeasure,
    noted,
)
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.rules import RectificationState
from accountability.rectifications.services.rectifications import reopen_rectification
from evaluations.rounds.models import Round
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import in_chinese

Plan = Sequence[PlannedMeasure]


def cancelled_before(round_: Round, codes: Collection[str]) -> CaseQuerySet:
    """Return the cases of listed sections that an earlier correction cancelled; `codes` = those just listed again."""
    again = Q(result__section__code__in=codes) | Q(rectification__state=RectificationState.CANCELLED)
    rows = Case.objects.of_round(round_.pk).filter(again, state=CaseState.CLOSED, result__is_listed=True)
    return rows.select_related("result__section", "result__round")


def reopen_cases(round_: Round, cases: Sequence[Case], at: datetime) -> None:
    """Reopen cases whose sections are listed again, with terms from now on; what was done stays done."""
    if not cases:
        return
    on = timezone.localdate(at)
    plans = planned_measures(round_, [case.result for case in cases], on)
    terms, calendar = Terms.of(round_.rulebook), Holiday.objects.calendar()
    for case in cases:
        ended = timezone.localdate(case.closed_at or at)
        case.first_opened_at = case.first_opened_at or case.opened_at
        case.state, case.opened_at, case.closed_at = CaseState.OPEN, at, None
        case.save(update_fields=["state", "opened_at", "closed_at", "first_opened_at"])
        plan = _freeze_again(case, plans[case.result], on)
        _resume(case, plan)
        _add(case, plan)
        _note_done(case)
        reopen_rectification(case, gap=on - ended, terms=terms, calendar=calendar)


def follow_places(round_: Round, cases: Sequence[Case], reason: str, at: datetime) -> None:
    """Let the pending measures of sections that stay listed at another place cite it and follow from it.

    Terms already running are kept; what the new place calls for besides is due from now on.
    """
    if not cases:
        return
    now = planned_measures(round_, [case.result for case in cases], timezone.localdate(at))
    for case in cases:
        then = planned_measures(round_, [case.result], case.published_on)[case.result]
        _move(case, then, now[case.result], reason)
        # A section that stays listed has its freeze: what there is none for stays so.
        _resume(case, _without_freeze(now[case.result]))
        _add(case, now[case.result])
        if case.state == CaseState.CLOSED and case.measures.pending().exists():
            case.state, case.closed_at = CaseState.OPEN, None
            case.save(update_fields=["state", "closed_at"])
        _note_done(case)


def _move(case: Case, then: Plan, now: Plan, reason: str) -> None:
    plans, due = {each.kind: each for each in then}, {each.kind: each.due_on for each in now}
    for row in case.measures.pending():
        planned = plans.get(MeasureKind(row.kind))
        if planned is None:
            row.state, row.record = MeasureState.NOT_APPLICABLE, f"{MOVED}：更正后列第{case.result.rank}位，{reason}"
        else:
            is_other = _is_by_chief(row.basis) != _is_by_chief(planned.basis) or row.responsible != planned.responsible
            if is_other:
                row.responsible, row.due_on, row.target = planned.responsible, due[planned.kind], planned.target
            row.basis = planned.basis
        row.save()


def _is_by_chief(basis: str) -> bool:
    return CHIEF_ATTENDS in basis


def _resume(case: Case, plan: Plan) -> None:
    """Let the measures of the plan that corrections ended, and nobody's decision, be pending again."""
    ended = {row.kind: row for row in case.measures.filter(state=MeasureState.NOT_APPLICABLE, done_by=None)}
    for planned in plan:
        row = ended.get(planned.kind)
        if row is None:
            continue
        row.state = MeasureState.NOT_APPLICABLE if planned.waiver else MeasureState.PENDING
        row.record, row.due_on, row.basis = planned.waiver, planned.due_on, planned.basis
        row.responsible, row.target = planned.responsible, planned.target
        row.save()


def _add(case: Case, plan: Plan) -> None:
    """Create the measures of the plan that the case does not have yet."""
    kinds = set(case.measures.values_list("kind", flat=True))
    Measure.objects.bulk_create(
        Measure(
            case=case,
            kind=planned.kind,
            position=position,
            target=planned.target,
            responsible=planned.responsible,
            due_on=planned.due_on,
            basis=planned.basis,
        )
        for position, planned in enumerate(plan, start=1)
        if planned.kind not in kinds and not planned.waiver
    )


def _note_done(case: Case) -> None:
    for row in case.measures.filter(state=MeasureState.DONE):
        row.basis = noted(row.basis, case.result.rank or 0)
        row.save(update_fields=["basis"])


def _freeze_again(case: Case, plan: Plan, on: date) -> Plan:
    """Set the freeze anew that a correction revoked before its last day; return the plan with why there is none."""
    last = case.freezes.order_by("pk").last()
    if last is None or last.lifted_on is None:
        return _without_freeze(plan)
    if last.lifted_on >= last.ends_on:
        served = f"影响期已于{in_chinese(last.ends_on)}届满，不再设定。"
        return [replace(each, waiver=each.waiver or served) if _is_freeze(each) else each for each in plan]
    if not last.lift_reason.startswith(CORRECTED):
        return _without_freeze(plan)
    for planned in plan:
        if _is_freeze(planned) and planned.due_on and not planned.waiver:
            PromotionFreeze.objects.create(
                case=case, person_name=last.person_name, post=last.post, starts_on=on, ends_on=planned.due_on
            )
    return plan


def _without_freeze(plan: Plan) -> Plan:
    return [each for each in plan if not _is_freeze(each)]


def _is_freeze(planned: PlannedMeasure) -> bool:
    return planned.kind == MeasureKind.FREEZE
