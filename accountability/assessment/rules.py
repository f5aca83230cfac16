"""年度综合考核: points deducted per listing by the round's own rules, in exact decimals (rulebook R-F)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nanchuan_eval.names.rules.keys import name_key


@dataclass(frozen=True)
class PointRules:
    """The points of a round's rulebook; None = the assessment office decides (留空)."""

    listed: Decimal | None
    top: Decimal | None
    repeat: Decimal | None
    unclosed: Decimal | None
    top_places: int

    @classmethod
    def of(cls, rulebook: Mapping[str, Any]) -> "PointRules":
        """Read the points from a frozen rulebook."""
        return cls(
            listed=_points(rulebook["assessment_points"]),
            top=_points(rulebook["assessment_top_points"]),
            repeat=_points(rulebook["assessment_repeat_points"]),
            unclosed=_points(rulebook["assessment_unclosed_points"]),
            top_places=int(rulebook["repeat_top"]),
        )


@dataclass(frozen=True)
class Listed:
    """One listing of the year."""

    order: int
    round_name: str
    unit: str
    section: str
    rank: int
    rectification: str
    is_closed: bool
    by_superior: bool
    rules: PointRules
    unit_code: str = ""
    section_code: str = ""

    @property
    def unit_key(self) -> str:
        """What tells the unit: its code, as its name may have changed within the year."""
        return self.unit_code or name_key(self.unit)

    @property
    def key(self) -> tuple[str, str]:
        """What tells the section, whatever its name and its unit were."""
        return ("", self.section_code) if self.section_code else (self.unit_key, name_key(self.section))


@dataclass(frozen=True)
class Line:
    """A listing with its deduction and the reasons; points None = to be decided."""

    listed: Listed
    points: Decimal | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class UnitLine:
    """Totals of a unit for the year, under its name in the last of its rounds."""

    unit: str
    listings: int
    best_rank: int
    unclosed: int
    points: Decimal | None


def assess(listings: Iterable[Listed]) -> list[Line]:
    """Return every listing of a year with its points, in the order of units, sections and rounds."""
    rows = sorted(listings, key=lambda row: (row.unit, row.section, row.order))
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        first[row.key] = min(row.order, first.get(row.key, row.order))
    return [_line(row, again=row.order > first[row.key]) for row in rows]


def by_unit(lines: Iterable[Line]) -> list[UnitLine]:
    """Total the year by unit, the highest deduction first."""
    units: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        units[line.listed.unit_key].append(line)
    sums = [_unit(max(rows, key=lambda row: row.listed.order).listed.unit, rows) for rows in units.values()]
    return sorted(sums, key=lambda row: (-(row.points or Decimal(0)), -row.listings, row.best_rank, row.unit))


def _line(listed: Listed, *, again: bool) -> Line:
    if listed.by_superior:
        return Line(listed, None, ("垂直管理单位或公用企业，由上级主管单位考核",))
    rules = listed.rules
    applied = [
        (True, rules.listed, "上榜"),
        (listed.rank <= rules.top_places, rules.top, f"位次在前{rules.top_places}"),
        (again, rules.repeat, "年内再次上榜"),
        (not listed.is_closed, rules.unclosed, "整改未销号"),
    ]
    due = [(points, reason) for holds, points, reason in applied if holds and points is not None]
    if not due:
        return Line(listed, None, ("分值由区考核办确定",))
    return Line(listed, sum((points for points, _ in due), Decimal(0)), tuple(f"{why}扣{n}分" for n, why in due))


def _unit(unit: str, rows: list[Line]) -> UnitLine:
    known = [row.points for row in rows if row.points is not None]
    return UnitLine(
        unit=unit,
        listings=len(rows),
        best_rank=min(row.listed.rank for row in rows),
        unclosed=sum(not row.listed.is_closed for row in rows),
        points=sum(known, Decimal(0)) if known else None,
    )


def _points(text: object) -> Decimal | None:
    return Decimal(str(text)) if str(text) else None
