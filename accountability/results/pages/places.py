"""Charts of places with their intervals: all ranked sections, and the same by department (单位之间)."""

from collections.abc import Sequence
from dataclasses import dataclass

from accountability.results.pages.charts import (
    LABELS,
    MARGIN,
    ROW,
    TOP,
    WIDTH,
    Scale,
    Tick,
    place_steps,
    ranked_name,
    scale,
)
from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from accountability.results.rules import short_name
from evaluations.scoring.result import CERTAIN, CRITICAL, VETOED

STEP, GAP = 13, 12  # of the lines within a department, and between departments


@dataclass(frozen=True)
class Bar:
    """One section of the caterpillar plot: rank interval and place."""

    line: Line
    y: float
    low: float
    high: float
    place: float

    @property
    def name(self) -> str:
        """The section's label beside the bar."""
        return ranked_name(self.line)


@dataclass(frozen=True)
class Caterpillar:
    """位次区间图: every ranked section's interval, with a line after the last listed place.

    Under NC-2 the axis has a place for every section of the round, since the intervals are among all of them.
    """

    title: str
    note: str
    height: int
    bars: list[Bar]
    ticks: list[Tick]
    cut: float


@dataclass(frozen=True)
class Department:
    """One department: its ranked sections, the hardest first."""

    name: str
    y: float
    bars: list[Bar]

    @property
    def label(self) -> str:
        """The department's label beside its bars."""
        return short_name(self.name)

    @property
    def listed(self) -> int:
        """How many of its sections are listed."""
        return sum(bar.line.result.is_listed for bar in self.bars)


@dataclass(frozen=True)
class DepartmentChart:
    """单位之间: the places and intervals of every department's ranked sections."""

    title: str
    height: float
    departments: list[Department]
    ticks: list[Tick]
    cut: float


def caterpillar(result: Result) -> Caterpillar | None:
    """Return the plot of the rank intervals; None for a ranking by votes."""
    lines = _with_intervals(result)
    if not lines:
        return None
    x, ticks, cut = _axis(result, lines)
    return Caterpillar(
        title=_title(result),
        note=_note(result),
        height=TOP + ROW * len(lines) + 10,
        bars=[_bar(line, TOP + ROW * n, x) for n, line in enumerate(lines)],
        ticks=ticks,
        cut=cut,
    )


def department_chart(result: Result) -> DepartmentChart | None:
    """Return the plot of all departments with ranked sections, in the order of their hardest section."""
    lines = _with_intervals(result)
    if not lines:
        return None
    x, ticks, cut = _axis(result, lines)
    by_unit: dict[str, list[Line]] = {}
    for line in lines:
        by_unit.setdefault(line.section.department_code, []).append(line)
    departments, y = [], float(TOP)
    for own in by_unit.values():
        bars = [_bar(line, y + STEP * n, x) for n, line in enumerate(own)]
        departments.append(Department(own[0].section.department_name, y, bars))
        y += STEP * len(own) + GAP
    with_listed = sum(bool(each.listed) for each in departments)
    listed = f"上榜科室属于其中{with_listed}个单位" if with_listed else result.empty.rstrip("。")
    title = f"{len(departments)}个单位有科室参加排名，{listed}"
    return DepartmentChart(title, y, departments, ticks, cut)


def _with_intervals(result: Result) -> list[Line]:
    return [line for line in result.ranked if line.result.data.get("rank_low") is not None]


def _axis(result: Result, lines: Sequence[Line]) -> tuple[Scale, list[Tick], float]:
    """Return the axis of places, its ticks, and where the list ends."""
    places = max(len(lines) if result.is_by_method_one else result.places.sections, 2)

    def x(place: float) -> float:
        return scale(place, 1, places, LABELS + MARGIN, WIDTH - MARGIN)

    ticks = [Tick(x(place), str(place)) for place in place_steps(places, most=6)]
    return x, ticks, x(min(result.round_.rulebook["list_length"] + 0.5, places))


def _bar(line: Line, y: float, x: Scale) -> Bar:
    data = line.result.data
    return Bar(line, y, x(data["rank_low"]), x(data["rank_high"]), x(line.result.rank or 1))


def _title(result: Result) -> str:
    sure = {CERTAIN, VETOED} if result.is_by_method_one else {CERTAIN}
    certain = sum(line.result.label in sure for line in result.listed)
    near = sum(line.label == CRITICAL for line in result.ranked)
    listed = f"上榜的{len(result.listed)}个科室中{certain}个位次明确" if result.listed else result.empty.rstrip("。")
    return f"{listed}；未上榜科室中有{near}个处于临界"


def _note(result: Result) -> str:
    if result.is_by_method_one:
        return "横线是位次区间（只考虑抽样误差），圆点是本轮位次；红色竖线是公布名额。区间全部在竖线左边的，位次明确。"
    return (
        f"横线是位次区间，圆点是{result.places.heading}的位次；二者范围不同，圆点可能在横线之外。红色竖线是公布名额，"
        f"区间全部在竖线左边的，标“明确”（一票否决的除外）。{result.places.interval_note}"
    )
