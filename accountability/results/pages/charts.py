"""The commission's charts (图): geometry in view-box units, drawn as SVG by the templates.

A table beside each chart gives the same data; positions are rounded to a tenth for a stable output.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from accountability.results.queries.lines import IndicatorScore, Line
from accountability.results.queries.results import Result

ROW, TOP, LABELS, WIDTH = 18, 40, 290, 960
PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_BOTTOM = 60, 930, 30, 400
STEPS = 40
CELL = 120
LONGEST_NAME = 20
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis."""

    at: float
    text: str


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
        return _short_name(self.line)


@dataclass(frozen=True)
class Caterpillar:
    """位次区间图: every ranked section's interval, with a line after the last listed place."""

    title: str
    height: int
    bars: list[Bar]
    ticks: list[Tick]
    cut: float


@dataclass(frozen=True)
class HeatCell:
    """One indicator of one section: position and score of its square."""

    x: float
    score: IndicatorScore


@dataclass(frozen=True)
class HeatRow:
    """One section of the heat map."""

    line: Line
    y: int
    cells: list[HeatCell]

    @property
    def name(self) -> str:
        """The section's label beside the row."""
        return _short_name(self.line)


@dataclass(frozen=True)
class HeatMap:
    """指标热图: ranked sections by the five indicators."""

    title: str
    height: int
    rows: list[HeatRow]
    columns: list[Tick]


@dataclass(frozen=True)
class Dot:
    """A section (or a round) as a point."""

    x: float
    y: float
    text: str
    is_listed: bool


@dataclass(frozen=True)
class Chart:
    """A chart with two axes; `curves` are the points of polylines."""

    title: str
    dots: list[Dot]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    curves: list[str]
    cut: float | None = None


def caterpillar(result: Result) -> Caterpillar | None:
    """Return the plot of the rank intervals; None for a ranking by votes."""
    lines = [line for line in result.ranked if line.result.data.get("rank_low") is not None]
    if not lines:
        return None
    places = max(len(lines), 2)

    def x(place: float) -> float:
        return _round(LABELS + (place - 1) * (WIDTH - LABELS - 20) / (places - 1))

    length = result.round_.rulebook["list_length"]
    bars = [
        Bar(
            line,
            TOP + ROW * n,
            x(line.result.data["rank_low"]),
            x(line.result.data["rank_high"]),
            x(line.result.rank or 1),
        )
        for n, line in enumerate(lines)
    ]
    return Caterpillar(
        title=_caterpillar_title(result),
        height=TOP + ROW * len(lines) + 10,
        bars=bars,
        ticks=[Tick(x(place), str(place)) for place in round_steps(1, places)],
        cut=x(min(length + 0.5, places)),
    )


def heat_map(result: Result) -> HeatMap | None:
    """Return the heat map section × indicator."""
    if not result.ranked:
        return None
    rows = [
        HeatRow(line, TOP + ROW * n, [HeatCell(LABELS + CELL * i, score) for i, score in enumerate(line.indicators)])
        for n, line in enumerate(result.ranked)
    ]
    columns = [Tick(LABELS + CELL * (i + 0.5), score.label) for i, score in enumerate(result.ranked[0].indicators)]
    return HeatMap(_heat_title(result), TOP + ROW * len(rows) + 10, rows, columns)


def funnel(result: Result) -> Chart | None:
    """Return difficulty by valid ballots, with the range that chance alone explains."""
    lines = [line for line in result.ranked if line.ballots and line.result.difficulty is not None]
    if not lines:
        return None
    most = max(line.ballots for line in lines)
    highest = max(10.0, *(float(line.result.difficulty or 0) for line in lines))

    def x(ballots: float) -> float:
        return scale(ballots, 0, most * 1.05, PLOT_LEFT, PLOT_RIGHT)

    def y(score: float) -> float:
        return scale(min(max(score, 0), highest * 1.1), 0, highest * 1.1, PLOT_BOTTOM, PLOT_TOP)

    return Chart(
        title=_funnel_title(result, lines),
        dots=[
            Dot(
                x(line.ballots),
                y(float(line.result.difficulty or 0)),
                f"{line.section}：有效票{line.ballots}张，难办指数{line.result.difficulty:.2f}",
                line.result.is_listed,
            )
            for line in lines
        ],
        x_ticks=[Tick(x(n), str(n)) for n in round_steps(0, most)],
        y_ticks=[Tick(y(n), str(n)) for n in round_steps(0, int(highest))],
        curves=_chance_span(result, lines, most, (x, y)),
    )


def _caterpillar_title(result: Result) -> str:
    certain = sum(line.result.label in {"明确", "一票否决"} for line in result.listed)
    near = sum(line.label == "临界" for line in result.ranked)
    return f"上榜的{len(result.listed)}个科室中{certain}个位次明确；未上榜科室中有{near}个处于临界"


def _heat_title(result: Result) -> str:
    """Name the worst indicator of the listed sections, or of all ranked ones if none is listed."""
    lines = result.listed or result.ranked
    columns = zip(*(line.indicators for line in lines), strict=True)
    averages = {column[0].label: sum(score.value or Decimal(0) for score in column) / len(lines) for column in columns}
    worst = max(averages, key=lambda label: averages[label])
    return f"{'上榜' if result.listed else '参加排名的'}科室问题最突出的是“{worst}”，平均{averages[worst]:.1f}分"


def _short_name(line: Line) -> str:
    name = f"{line.result.rank}  {line.section.department_name}{line.section.name}"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _funnel_title(result: Result, lines: Sequence[Line]) -> str:
    fewest = min(line.ballots for line in lines)
    return f"有效票最少的科室{fewest}张；落在虚线之间的科室，与平均水平的差别可能只是抽样误差"


def _chance_span(result: Result, lines: Sequence[Line], most: int, axes: tuple[Scale, Scale]) -> list[str]:
    """Return the curves mean ± z·s(n), with s(n) from the average variance per ballot."""
    x, y = axes
    figures = result.figures
    per_ballot = sum(float(figures.variances[line.section.code]) * line.ballots for line in lines) / len(lines)
    middle = float(sum((line.result.difficulty or Decimal(0) for line in lines), Decimal(0)) / len(lines))
    ballots = [max(1.0, most * step / STEPS) for step in range(1, STEPS + 1)]
    return [
        " ".join(f"{x(n)},{y(middle + sign * float(figures.method.z) * math.sqrt(per_ballot / n))}" for n in ballots)
        for sign in (1, -1)
    ]


def scale(value: float, low: float, high: float, start: float, end: float) -> float:
    return _round(start + (value - low) * (end - start) / (high - low))


def round_steps(low: int, high: int) -> list[int]:
    """Return round numbers from low to high, about eight of them."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**4, 10**5, 10**6) if (high - low) / s <= 11)
    return [n for n in range(low - low % step, high + 1, step) if n >= low] or [low]


def _round(value: float) -> float:
    return round(value, 1)
