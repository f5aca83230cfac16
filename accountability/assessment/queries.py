"""年度综合考核: the year's listings with their deductions."""

from collections.abc import Sequence
from dataclasses import dataclass

from accountability.assessment.rules import Line, Listed, PointRules, UnitLine, assess, by_unit
from accountability.cases.models import Case
from accountability.rectifications.rules import RectificationState
from accountability.results.queries.changes import cut_in_words, read_changes
from departments.models import DepartmentKind
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from nanchuan_eval.core.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class Assessment:
    """A year's listings and deductions, for the assessment office."""

    year: int
    rounds: Sequence[Round]
    units: Sequence[UnitLine]
    lines: Sequence[Line]
    around_cut: str
    is_demo: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the lines; equal content gives the same digest."""
        rows = [
            [
                line.listed.unit,
                line.listed.section,
                line.listed.round_name,
                line.listed.rank,
                line.listed.rectification,
                str(line.points) if line.points is not None else "",
                list(line.reasons),
            ]
            for line in self.lines
        ]
        return sha256_hex(canonical_json({"year": self.year, "lines": rows}))


def read_assessment(year: int) -> Assessment:
    """Return the assessment over a year's published rounds (5 queries)."""
    rounds = list(Round.objects.filter(period_start__year=year, state__in=PUBLISHED).order_by("period_start", "pk"))
    order = {round_.pk: place for place, round_ in enumerate(rounds)}
    cases = Case.objects.filter(result__round__in=order, result__is_listed=True)
    listings = [
        _listed(case, order[case.result.round_id])
        for case in cases.select_related("result__section", "result__round", "rectification")
    ]
    lines = assess(listings)
    return Assessment(
        year=year,
        rounds=rounds,
        units=by_unit(lines),
        lines=lines,
        around_cut=cut_in_words(read_changes(rounds[-1]), rounds[-1]) if rounds else "",
        is_demo=any(round_.is_demo for round_ in rounds),
    )


def years() -> list[int]:
    """Return the years that have published rounds, the newest first (one query)."""
    starts = Round.objects.filter(state__in=PUBLISHED).values_list("period_start", flat=True)
    return sorted({start.year for start in starts}, reverse=True)


def _listed(case: Case, order: int) -> Listed:
    section, round_ = case.result.section, case.result.round
    rectification = getattr(case, "rectification", None)
    return Listed(
        order=order,
        round_name=round_.name,
        unit=section.department_name,
        section=section.name,
        unit_code=section.department_code,
        section_code=section.code,
        rank=case.result.rank or 0,
        rectification=rectification.get_state_display() if rectification else "尚未建立整改事项",
        is_closed=bool(rectification and rectification.state == RectificationState.CLOSED),
        by_superior=section.is_vertical or section.department_kind == DepartmentKind.UTILITY,
        rules=PointRules.of(round_.rulebook),
    )
