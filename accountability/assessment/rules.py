"""年度综合考核: points per listing by the round's own rules, in exact decimals; who answers for it (rulebook R-F)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices

from nanchuan_eval.names.rules.keys import name_key

# Gives what texts are sorted by.
TextKey = Callable[[str], Any]
NAME_MISSING = "（姓名未登记）"
DECIDED_ELSEWHERE, BY_RECORD = "另定", "见办理记录"
BY_SUPERIOR = "垂直管理单位和公用企业通报上级主管单位，由其考核，不列入。"
TAKE_BACK = "下列科室经更正已不在名单内，不计入本年度考核；已登记的考核和绩效奖由组织人事部门商考核办撤回。"
CADRES_EXPLAINED = (
    "姓名为名录锁定时登记的姓名，科室主要负责人为问责事项的责任人。"
    "“涉及扣分”为所列科室上榜的扣分合计，个人如何扣分由考核办确定。"
)


class Post(TextChoices):
    """Posts of the cadres (领导干部) that answer for a listing, as they were when the roster was frozen."""

    CHIEF = "chief", "主要领导"
    IN_CHARGE = "in_charge", "分管领导"
    HEAD = "head", "科室主要负责人"


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
class Recorded:
    """What was recorded of the measure 纳入年度综合考核 of a listing."""

    state: str = ""
    done_on: date | None = None
    record: str = ""


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
    # Codes of the sections whose places it continues (沿革).
    predecessors: frozenset[str] = frozenset()
    names: Mapping[Post, str] = field(default_factory=dict)
    assessment: Recorded = Recorded()

    @property
    def unit_key(self) -> str:
        """What tells the unit: its code, as its name may have changed within the year."""
        return self.unit_code or name_key(self.unit)

    @property
    def key(self) -> tuple[str, str]:
        """What tells the section, whatever its name and its unit were."""
        return ("", self.section_code) if self.section_code else (self.unit_key, name_key(self.section))

    @property
    def keys(self) -> set[tuple[str, str]]:
        """What tells the section and those whose places it continues."""
        return {self.key, *(("", code) for code in self.predecessors)}


@dataclass(frozen=True)
class Line:
    """A listing with its deduction and the reasons; points None = to be decided."""

    listed: Listed
    points: Decimal | None
    reasons: tuple[str, ...]

    @property
    def shown_points(self) -> Decimal | str:
        """The points off, or where they are decided."""
        return points_shown(self.points, [self])


@dataclass(frozen=True)
class UnitLine:
    """Totals of a unit for the year, under its name in the last of its rounds."""

    unit: str
    listings: int
    best_rank: int
    unclosed: int
    points: Decimal | None
    shown_points: Decimal | str


@dataclass(frozen=True)
class CadreLine:
    """A cadre of the leading body, or a head, with the year's listings that the person answers for."""

    unit: str
    post: Post
    name: str
    lines: tuple[Line, ...]

    @property
    def places(self) -> str:
        """The listings in words."""
        return "；".join(f"{row.listed.round_name}{row.listed.section}第{row.listed.rank}位" for row in self.lines)

    @property
    def points(self) -> Decimal | None:
        """The points off for these listings; None = to be decided."""
        return _total(self.lines)

    @property
    def shown_points(self) -> Decimal | str:
        """The points off, or where they are decided."""
        return points_shown(self.points, self.lines)


@dataclass(frozen=True)
class BonusLine:
    """挂钩年终绩效奖: what was done about the bonus of a listed section's staff."""

    unit: str
    section: str
    round_name: str
    rank: int
    due_on: date | None
    state: str
    done_on: date | None
    record: str


@dataclass(frozen=True)
class TakenBack:
    """A measure carried out for a listing that a correction withdrew later (更正后撤下): it is to be taken back."""

    unit: str
    section: str
    round_name: str
    measure: str
    done_on: date | None
    record: str


def points_shown(points: Decimal | None, lines: Iterable[Line]) -> Decimal | str:
    """Return the points by rule; of listings without a rule whether all, some or none have a record."""
    if points is not None:
        without = [line for line in lines if line.points is None]
        return f"{points}，另{len(without)}次{points_shown(None, without)}" if without else points
    recorded = [bool(line.listed.assessment.done_on) for line in lines]
    if all(recorded):
        return BY_RECORD
    return f"{sum(recorded)}次{BY_RECORD}，其余{DECIDED_ELSEWHERE}" if any(recorded) else DECIDED_ELSEWHERE


def assess(listings: Iterable[Listed], text_key: TextKey) -> list[Line]:
    """Return every listing of a year with its points, in the order of units, sections and rounds."""
    rows = sorted(listings, key=lambda row: (text_key(row.unit), text_key(row.section), row.order))
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        first[row.key] = min(row.order, first.get(row.key, row.order))
    return [_line(row, again=any(first.get(key, row.order) < row.order for key in row.keys)) for row in rows]


def by_unit(lines: Iterable[Line], text_key: TextKey) -> list[UnitLine]:
    """Total the year by unit, the highest deduction first."""
    units: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        units[line.listed.unit_key].append(line)
    sums = [_unit(max(rows, key=lambda row: row.listed.order).listed.unit, rows) for rows in units.values()]
    return sorted(sums, key=lambda row: (-(row.points or Decimal(0)), -row.listings, row.best_rank, text_key(row.unit)))


def by_cadre(lines: Iterable[Line], text_key: TextKey) -> list[CadreLine]:
    """Return who answers for the year's listings, each person once per post, in the order of units and posts.

    The district does not assess the cadres of vertically managed units and utilities.
    """
    people: dict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in lines:
        for post in Post if not line.listed.by_superior else ():
            name = line.listed.names.get(post, "")
            of_section = line.listed.key if post == Post.HEAD or not name else ()
            people[(line.listed.unit_key, post.value, name_key(name), *of_section)].append(line)
    found = [_cadre(Post(post), sorted(rows, key=_by_time)) for (_, post, *_), rows in people.items()]
    order = list(Post)
    return sorted(found, key=lambda row: (text_key(row.unit), order.index(row.post), text_key(row.name), row.places))


def _cadre(post: Post, rows: list[Line]) -> CadreLine:
    last = rows[-1].listed
    return CadreLine(last.unit, post, last.names.get(post, "") or NAME_MISSING, tuple(rows))


def _by_time(line: Line) -> tuple[int, int]:
    return line.listed.order, line.listed.rank


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
        by = f"评议规则未规定分值，{BY_RECORD}" if listed.assessment.done_on else "分值由考核办确定"
        return Line(listed, None, (by,))
    return Line(listed, sum((points for points, _ in due), Decimal(0)), tuple(f"{why}扣{n}分" for n, why in due))


def _unit(unit: str, rows: list[Line]) -> UnitLine:
    points = _total(rows)
    return UnitLine(
        unit=unit,
        listings=len(rows),
        best_rank=min(row.listed.rank for row in rows),
        unclosed=sum(not row.listed.is_closed for row in rows),
        points=points,
        shown_points=points_shown(points, rows),
    )


def _total(rows: Iterable[Line]) -> Decimal | None:
    known = [row.points for row in rows if row.points is not None]
    return sum(known, Decimal(0)) if known else None


def _points(text: object) -> Decimal | None:
    return Decimal(str(text)) if str(text) else None
