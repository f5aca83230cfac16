"""年度综合考核: the year's listings with their points, as a page and a workbook that repeat to the byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accountability.assessment.rules import Line, Listed, PointRules, UnitLine, assess, by_unit
from accountability.cases.models import Case
from accountability.rectifications.rules import RectificationState
from departments.models import DepartmentKind
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import NOTICE, PUBLISHED
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook

UNIT_COLUMNS = (
    ColumnSpec("单位", 22),
    ColumnSpec("上榜次数", 9, "0", "center"),
    ColumnSpec("最靠前位次", 11, "0", "center"),
    ColumnSpec("未销号", 8, "0", "center"),
    ColumnSpec("扣分", 9, "0.##", "right"),
)
LINE_COLUMNS = (
    ColumnSpec("单位", 18),
    ColumnSpec("科室", 20),
    ColumnSpec("轮次", 14),
    ColumnSpec("位次", 6, "0", "center"),
    ColumnSpec("整改", 12, align="center"),
    ColumnSpec("扣分", 9, "0.##", "right"),
    ColumnSpec("依据", 40),
)


@dataclass(frozen=True)
class Assessment:
    """A year as the assessment office takes it over."""

    year: int
    rounds: Sequence[Round]
    units: Sequence[UnitLine]
    lines: Sequence[Line]
    is_demo: bool

    @property
    def digest(self) -> str:
        """The SHA-256 of what is on the page: the same year gives the same digest until something changes."""
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
    """Return the year over its published rounds (2 queries)."""
    rounds = list(Round.objects.filter(period_start__year=year, state__in=PUBLISHED).order_by("period_start", "pk"))
    order = {round_.pk: place for place, round_ in enumerate(rounds)}
    cases = Case.objects.filter(result__round__in=order, result__is_listed=True)
    listings = [
        _listed(case, order[case.result.round_id])
        for case in cases.select_related("result__section", "result__round", "rectification")
    ]
    lines = assess(listings)
    return Assessment(year, rounds, by_unit(lines), lines, any(round_.is_demo for round_ in rounds))


def years() -> list[int]:
    """Return the years that have published rounds, the newest first (one query)."""
    starts = Round.objects.filter(state__in=PUBLISHED).values_list("period_start", flat=True)
    return sorted({start.year for start in starts}, reverse=True)


def assessment_workbook(assessment: Assessment) -> bytes:
    """Return the year as .xlsx for the assessment office."""
    notes = [NOTICE] if assessment.is_demo else []
    notes.append(
        f"轮次：{'、'.join(round_.name for round_ in assessment.rounds)}；内容校验值（SHA-256）{assessment.digest}"
    )
    units = SheetSpec(
        title="按单位",
        heading=f"{assessment.year}年度最难办事科室群众评考核运用（按单位）",
        notes=notes,
        columns=UNIT_COLUMNS,
        rows=[[u.unit, u.listings, u.best_rank, u.unclosed, _shown(u.points)] for u in assessment.units],
        landscape=False,
    )
    lines = SheetSpec(
        title="按科室",
        heading=f"{assessment.year}年度最难办事科室群众评考核运用（按科室）",
        notes=notes,
        columns=LINE_COLUMNS,
        rows=[
            [
                line.listed.unit,
                line.listed.section,
                line.listed.round_name,
                line.listed.rank,
                line.listed.rectification,
                _shown(line.points),
                "；".join(line.reasons),
            ]
            for line in assessment.lines
        ],
    )
    return write_workbook([units, lines])


def _listed(case: Case, order: int) -> Listed:
    section, round_ = case.result.section, case.result.round
    rectification = getattr(case, "rectification", None)
    return Listed(
        order=order,
        round_name=round_.name,
        unit=section.department_name,
        section=section.name,
        rank=case.result.rank or 0,
        rectification=rectification.get_state_display() if rectification else "尚未建立整改事项",
        is_closed=bool(rectification and rectification.state == RectificationState.CLOSED),
        by_superior=section.is_vertical or section.department_kind == DepartmentKind.UTILITY,
        rules=PointRules.of(round_.rulebook),
    )


def _shown(points: Decimal | None) -> Decimal | str:
    return points if points is not None else "另定"
