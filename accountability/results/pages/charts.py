"""The commission's charts (图): geometry in view-box units, drawn as SVG by the templates.

A table beside each chart gives the same data; positions are rounded to a tenth for a stable output.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from accountability.results.queries.lines import IndicatorScore, Line
from accountability.results.queries.results import Result
from evaluations.scoring.counting import EMPTY
from evaluations.scoring.index import ZERO
from evaluations.scoring.result import CERTAIN, CRITICAL, VETOED
from evaluations.scoring.sample_size import expected_variance

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
        return _ranked_name(self.line)


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
        return _ranked_name(self.line)


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
    places = max(len(lines) if result.is_by_method_one else result.places.sections, 2)

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
        note=_caterpillar_note(result),
        height=TOP + ROW * len(lines) + 10,
        bars=bars,
        ticks=[Tick(x(place), str(place)) for place in round_steps(1, places)],
        cut=x(min(length + 0.5, places)),
    )


def heat_map(result: Result) -> HeatMap | None:
    """Return the heat map section × indicator."""
    if not result.scored:
        return None
    rows = [
        HeatRow(line, TOP + ROW * n, [HeatCell(LABELS + CELL * i, score) for i, score in enumerate(line.indicators)])
        for n, line in enumerate(result.scored)
    ]
    columns = [Tick(LABELS + CELL * (i + 0.5), score.label) for i, score in enumerate(result.scored[0].indicators)]
    return HeatMap(_heat_title(result), TOP + ROW * len(rows) + 10, rows, columns)


def funnel(result: Result) -> Chart | None:
    """Return difficulty by valid ballots, with the range in which a section of average difficulty is expected."""
    points = [(line, float(line.result.difficulty or 0)) for line in result.scored if line.ballots]
    if not points:
        return None
    most = max(line.ballots for line, _ in points)
    highest = max(10.0, *(score for _, score in points))

    def x(ballots: float) -> float:
        return scale(ballots, 0, most * 1.05, PLOT_LEFT, PLOT_RIGHT)

    def y(score: float) -> float:
        return scale(min(max(score, 0), highest * 1.1), 0, highest * 1.1, PLOT_BOTTOM, PLOT_TOP)

    middle = sum(score for _, score in points) / len(points)
    width = _half_widths(result, [line for line, _ in points], most)
    return Chart(
        title=_funnel_title(result, [line for line, _ in points]),
        dots=[
            Dot(
                x(line.ballots),
                y(score),
                f"{line.section}：有效票{line.ballots}张，难办指数{line.result.difficulty:.2f}",
                line.result.is_listed,
            )
            for line, score in points
        ],
        x_ticks=[Tick(x(n), str(n)) for n in round_steps(0, most)],
        y_ticks=[Tick(y(n), str(n)) for n in round_steps(0, int(highest))],
        curves=[" ".join(f"{x(n)},{y(middle + sign * half)}" for n, half in width) for sign in (1, -1)],
    )


def _caterpillar_title(result: Result) -> str:
    sure = {CERTAIN, VETOED} if result.is_by_method_one else {CERTAIN}
    certain = sum(line.result.label in sure for line in result.listed)
    near = sum(line.label == CRITICAL for line in result.ranked)
    return f"上榜的{len(result.listed)}个科室中{certain}个位次明确；未上榜科室中有{near}个处于临界"


def _caterpillar_note(result: Result) -> str:
    if result.is_by_method_one:
        return "横线是位次区间（只考虑抽样误差），圆点是本轮位次；红色竖线是公布名额。区间全部在竖线左边的，位次明确。"
    return (
        f"横线是位次区间，圆点是{result.places.heading}的位次；二者范围不同，圆点可能在横线之外。红色竖线是公布名额，"
        f"区间全部在竖线左边的，标“明确”（一票否决的除外）。{result.places.interval_note}"
    )


def _heat_title(result: Result) -> str:
    """Name the worst indicator of the listed sections, or of all ranked ones if none is listed."""
    listed = [line for line in result.listed if line.has_scores]
    lines = listed or result.scored
    columns = zip(*(line.indicators for line in lines), strict=True)
    averages = {column[0].label: sum(score.value or Decimal(0) for score in column) / len(lines) for column in columns}
    worst = max(averages, key=lambda label: averages[label])
    return f"{'上榜' if listed else '参加排名的'}科室问题最突出的是“{worst}”，平均{averages[worst]:.1f}分"


def _ranked_name(line: Line) -> str:
    return short_name(f"{line.result.rank}  {line.section.department_name}{line.section.name}")


def short_name(name: str) -> str:
    """Return a label that fits beside a row."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _funnel_title(result: Result, lines: Sequence[Line]) -> str:
    fewest = min(line.ballots for line in lines)
    error = "抽样误差" if result.is_by_method_one else "误差"
    return f"有效票最少的科室{fewest}张；落在虚线之间的科室，与平均水平的差别可能只是{error}"


def _half_widths(result: Result, lines: Sequence[Line], most: int) -> list[tuple[int, float]]:
    """Return (n, z·s(n)) for numbers of ballots, s(n) from the average variance of a ballot in the round's mix.

    Under NC-2 s has a part that more ballots do not shrink: the channels' disagreement.
    """
    figures, codes = result.figures, [line.section.code for line in lines]
    spread = {c: sum((figures.spread[s][c] for s in codes), ZERO) / len(codes) for c in figures.weights}
    counts = {c: sum(figures.cells.get((s, c), EMPTY).lines for s in codes) for c in figures.weights}
    shares = {c: Fraction(count, sum(counts.values())) for c, count in counts.items()}
    k = figures.method.prior_ballots

    def half(ballots: int) -> float:
        variance = expected_variance(ballots, figures.weights, spread, shares, k) + figures.between
        return float(figures.method.z) * math.sqrt(variance)

    return [(n, half(n)) for n in sorted({max(1, most * step // STEPS) for step in range(1, STEPS + 1)})]


def scale(value: float, low: float, high: float, start: float, end: float) -> float:
    return _round(start + (value - low) * (end - start) / (high - low))


def round_steps(low: int, high: int) -> list[int]:
    """Return round numbers from low to high, about eight of them."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**4, 10**5, 10**6) if (high - low) / s <= 11)
    return [n for n in range(low - low % step, high + 1, step) if n >= low] or [low]


def _round(value: float) -> float:
    return round(value, 1)
