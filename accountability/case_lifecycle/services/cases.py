"""Opening and closing cases (问责事项)."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from accountability.case_lifecycle.queries import lacks_of, planned_measures
from accountability.cases.models import Case, Measure
from accountability.cases.rules.deadlines import Terms
from accountability.cases.rules.measures import (
    CaseState,
    MeasureKind,
    MeasureState,
    PlannedMeasure,
)
from accountability.cases.services import lock_case
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.services.rectifications import open_rectifications
from evaluations.publication.models import Publication
from evaluations.publication.services import publish_list
from evaluations.rounds.models import Round
from evaluations.tally.models import SectionResult, by_place
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday


@transaction.atomic
def publish_and_start(*, round_id: int, by: User, at: datetime) -> Publication:
    """Publish the list (公示) and open its cases in one transaction."""
    policy.check(by, "acc.open")
    publication = publish_list(round_id=round_id, by=by, at=at)
    listed = publication.round.results.filter(is_listed=True)
    cases = open_cases(publication.round, listed, at)
    if cases:
        audit.record("acc.open", publication.round, by=by, at=at, detail=opened(cases), wrote=rows_of(cases))
    return publication


@transaction.atomic
def close_case(*, case_id: int, by: User, at: datetime) -> Case:
    """Close a case (办结); refused while a measure has no record or its rectification is not closed (销号)."""
    policy.check(by, "acc.close")
    case = lock_case(case_id)
    if missing := lacks_of(case):
        raise RuleViolation(*missing)
    case.state, case.closed_at = CaseState.CLOSED, at
    case.save(update_fields=["state", "closed_at"])
    audit.record("acc.close", case, by=by, at=at, wrote=[case])
    return case


def open_cases(round_: Round, listed: QuerySet[SectionResult], at: datetime) -> list[Case]:
    """Open the cases of listed sections, with measures, freezes and rectifications, in the caller's transaction."""
    results = list(listed.select_related("section").order_by(*by_place()))
    cases = Case.objects.bulk_create(
        [Case(result=result, head_name=result.section.head_name, opened_at=at) for result in results]
    )
    planned = planned_measures(round_, results, timezone.localdate(at))
    plans = {case: planned[case.result] for case in cases}
    terms, calendar = Terms.of(round_.rulebook), Holiday.objects.calendar()
    Measure.objects.bulk_create(row for case, plan in plans.items() for row in _measures(case, plan))
    PromotionFreeze.objects.bulk_create(row for case, plan in plans.items() for row in _freezes(case, plan))
    open_rectifications(round_, cases, terms=terms, calendar=calendar)
    return cases


def opened(cases: Sequence[Case]) -> dict[str, object]:
    """Return the detail of an audit row about opened cases."""
    return {"cases": len(cases), "fixed": fixed_digests(*(("freezes", case.pk) for case in cases))}


def rows_of(cases: Sequence[Case]) -> list[Model]:
    """Return the cases with their measures and rectifications, for the audit row of whoever has written them."""
    return [
        *cases,
        *Measure.objects.filter(case__in=cases),
        *Rectification.objects.filter(case__in=cases),
        *RectificationItem.objects.filter(rectification__case__in=cases),
    ]


def _measures(case: Case, plan: tuple[PlannedMeasure, ...]) -> Iterator[Measure]:
    for position, planned in enumerate(plan, start=1):
        yield Measure(
            case=case,
            kind=planned.kind,
            position=position,
            target=planned.target,
            responsible=planned.responsible,
            due_on=planned.due_on,
            basis=planned.basis,
            state=MeasureState.NOT_APPLICABLE if planned.waiver else MeasureState.PENDING,
            record=planned.waiver,
        )


def _freezes(case: Case, plan: tuple[PlannedMeasure, ...]) -> Iterator[PromotionFreeze]:
    section = case.result.section
    for planned in plan:
        if planned.kind == MeasureKind.FREEZE and planned.due_on and not planned.waiver:
            yield PromotionFreeze(
                case=case,
                person_name=section.head_name,
                post=f"{section.department_name}{section.name}主要负责人",
                starts_on=case.published_on,
                ends_on=planned.due_on,
            )
