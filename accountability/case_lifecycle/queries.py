"""What a publication will set off (the measures, planned before the cases exist); what archiving waits for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accountability.cases.models import Case
from accountability.cases.rules.deadlines import Terms, after_workdays, report_due
from accountability.cases.rules.measures import (
    WORKDAY_KINDS,
    CaseState,
    Listing,
    MeasureKind,
    PlannedMeasure,
    plan_measures,
)
from accountability.history.queries import histories
from accountability.history.rules.history import History
from accountability.inspections.queries import visits_unchecked
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import ENDED
from departments.models import Leaving, Tenure
from evaluations.publication.rules import last_day
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.rulebook import has_public_recount
from evaluations.tally.models import SectionResult, by_place
from evaluations.tally.rules.anomalies import Verdict
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import Term, dated, in_chinese

Plans = Mapping[SectionResult, tuple[PlannedMeasure, ...]]


def read_cases(round_: Round) -> dict[str, Any]:
    """Return what archiving a published round depends on (3 queries)."""
    unclosed = Q(rectification__isnull=False) & ~Q(rectification__state__in=ENDED)
    rows = Case.objects.of_round(round_.pk).filter(Q(state=CaseState.OPEN) | unclosed)
    cases = list(rows.select_related("result__section", "rectification").order_by("result__rank", "pk"))
    visits = visits_unchecked().filter(plan__round=round_).select_related("section").order_by("section")
    running = [case for case in cases if hasattr(case, "rectification") and case.rectification.state not in ENDED]
    return {
        "open_cases": tuple(str(case) for case in cases if case.state == CaseState.OPEN),
        "open_rectifications": tuple(f"{case}（{case.rectification.get_state_display()}）" for case in running),
        "open_orders": tuple(str(visit.section) for visit in visits),
        "open_flags": round_.flags.filter(verdict=Verdict.OPEN).count(),
    }


def lacks_of(case: Case) -> list[str]:
    """Return in Chinese what a case still lacks to be closed: measures and rectification (3 queries)."""
    measures = [
        f"“{measure.get_kind_display()}”尚未登记办理情况（责任单位：{measure.responsible}）。"
        for measure in case.measures.pending()
    ]
    rectification = Rectification.objects.filter(case=case).first()
    return measures + (rectification.lacks_to_close() if rectification else [])


def planned_measures(round_: Round, results: Sequence[SectionResult], published_on: date) -> Plans:
    """Return the measures of each listed section, as of the day of publication."""
    past, retired = histories(round_, published_on), retired_heads(results, published_on)
    first = round_.publications.order_by("version").values_list("published_at", flat=True).first()
    terms, calendar = Terms.of(round_.rulebook), Holiday.objects.calendar()
    return {
        result: plan_measures(
            _listing(round_, result, past[result.section.code], retired.get(result.pk)),
            terms,
            published_on=published_on,
            calendar=calendar,
            first_published_on=timezone.localdate(first) if first else None,
        )
        for result in results
    }


def consequences(round_: Round, on: date) -> dict[str, object]:
    """Return what publishing the list on that day sets off, for those who propose and decide it."""
    listed = round_.results.filter(is_listed=True).select_related("section", "case")
    results = list(listed.order_by(*by_place()))
    plans = planned_measures(round_, results, on)
    measures = [measure for plan in plans.values() for measure in plan]
    frozen = [m for m in measures if m.kind == MeasureKind.FREEZE and m.due_on and not m.waiver]
    until = next((in_chinese(measure.due_on) for measure in frozen if measure.due_on), "")
    files = "；同时公布供任何人复核的计票文件" if has_public_recount(round_.rulebook) else ""
    if not results:
        last = in_chinese(last_day(on, round_.rulebook))
        return {
            "网站公布": f"没有科室上榜，公布原因和收回情况，不公布姓名和单张评议票{files}",
            "建立问责事项": "无",
            f"各项期限（{in_chinese(on)}公示的）": [f"公示期：至{last}"],
        }
    return {
        "网站公布": f"{len(results)}个科室的位次、单位、科室、主要问题和收回情况，不公布姓名和单张评议票{files}",
        "建立问责事项": f"{len(results)}件，共{len(measures)}项措施",
        "不得提拔重用": f"{len(frozen)}项，自公示之日起，至{until}止" if frozen else "无",
        f"各项期限（{in_chinese(on)}公示的）": list(_deadlines(round_, measures, on)),
    }


def _deadlines(round_: Round, measures: Sequence[PlannedMeasure], on: date) -> Iterator[str]:
    """Yield until when each kind of measure, the rectifications and the appeals run."""
    declared, terms, calendar = declared_years(), Terms.of(round_.rulebook), Holiday.objects.calendar()
    for kind in MeasureKind:
        days = [m.due_on for m in measures if m.kind == kind and m.due_on and not m.waiver]
        for last in sorted(set(days)) if kind != MeasureKind.FREEZE else ():
            until = dated(Term(on, last), declared) if kind in WORKDAY_KINDS else in_chinese(last)
            yield f"{kind.label}：{days.count(last)}项，至{until}"
    yield f"报送整改方案：至{dated(Term(on, after_workdays(on, terms.plan_workdays, calendar)), declared)}"
    yield f"报送整改报告：至{in_chinese(report_due(on, terms.report_months))}"
    yield f"公示期、各单位提出申诉：至{in_chinese(last_day(on, round_.rulebook))}，申诉不停止措施的执行"


def _listing(round_: Round, result: SectionResult, past: History, retired_on: date | None) -> Listing:
    section, profile = result.section, profile_of(round_)
    return Listing(
        round_name=round_.name,
        unit=section.department_name,
        section=section.name,
        rank=result.rank or 0,
        reports_to_superior=section.reports_to_superior,
        history=past,
        profile=profile,
        superior=section.superior_name,
        chief_leader=section.chief_leader,
        leader_in_charge=section.leader_in_charge,
        head=_head_of(result),
        head_retired_on=retired_on,
    )


def retired_heads(results: Sequence[SectionResult], on: date) -> dict[int, date]:
    """Map results whose responsible head has retired by that day, and can no longer be promoted, to the date."""
    listed = {result.section.section_id: result for result in results}
    tenures = Tenure.objects.filter(section__in=listed, leaving=Leaving.RETIRED, ends_on__lte=on)
    return {
        listed[tenure.section_id].pk: tenure.ends_on
        for tenure in tenures
        if tenure.ends_on and is_same_name(tenure.name, _head_of(listed[tenure.section_id]))
    }


def _head_of(result: SectionResult) -> str:
    """The head who is responsible: of an open case whom the commission has named, else the roster's."""
    case: Case | None = getattr(result, "case", None)
    return case.head_name if case else result.section.head_name
