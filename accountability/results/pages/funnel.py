"""Funnel plot: difficulty by valid ballots, with the names of listed sections and of those outside the curves."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from accountability.results.pages.charts import PLOT_BOTTOM, PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, Tick, round_steps, scale
from accountability.results.pages.label_places import Box, Label, Named, place_labels
from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from accountability.results.rules import short_name
from evaluations.scoring.counting import EMPTY
from evaluations.scoring.index import ZERO
from evaluations.scoring.sample_size import expected_variance

STEPS = 40
LONGEST, MOST_NAMED = 18, 20  # characters of a name, Chinese ones counting double; names in the picture
FRAME = Box(PLOT_LEFT + 2, PLOT_TOP, PLOT_RIGHT, PLOT_BOTTOM)


@dataclass(frozen=True)
class Dot:
    """A section as a point."""

    x: float
    y: float
    text: str
    is_listed: bool


@dataclass(frozen=True)
class Funnel:
    """The chart; `curves` are the points of polylines."""

    title: str
    dots: list[Dot]
    labels: list[Label]
    unnamed: int
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    curves: list[str]


def funnel(result: Result) -> Funnel | None:
    """Return the chart, with the range in which a section of average difficulty is expected."""
    points = [(line, float(line.result.difficulty or 0)) for line in result.scored if line.ballots]
    if not points:
        return None
    most = max(line.ballots for line, _ in points)
    highest = max(10.0, *(score for _, score in points))

    def x(ballots: float) -> float:
        return scale(ballots, 0, most * 1.05, PLOT_LEFT, PLOT_RIGHT)

    def y(score: float) -> float:
        return scale(min(max(score, 0), highest * 1.1), 0, highest * 1.1, PLOT_BOTTOM, PLOT_TOP)

    lines = [line for line, _ in points]
    middle = sum(score for _, score in points) / len(points)
    half = _half_width(result, lines)
    wanted = _named(points, middle, half)
    named = [
        Named(x(line.ballots), y(score), _name(line), is_needed=line.result.is_listed)
        for line, score in wanted[:MOST_NAMED]
    ]
    places = [(x(line.ballots), y(score)) for line, score in points]
    labels = place_labels(named, places, FRAME)
    counts = sorted({max(1, most * step // STEPS) for step in range(1, STEPS + 1)})
    return Funnel(
        title=_title(result, lines),
        dots=[
            Dot(*place, f"{line.section}：有效票{line.ballots}张，难办指数{score:.2f}", line.result.is_listed)
            for (line, score), place in zip(points, places, strict=True)
        ],
        labels=labels,
        unnamed=len(wanted) - len(labels),
        x_ticks=[Tick(x(n), str(n)) for n in round_steps(0, most, most=8)],
        y_ticks=[Tick(y(n), str(n)) for n in round_steps(0, int(highest))],
        curves=[" ".join(f"{x(n)},{y(middle + sign * half(n))}" for n in counts) for sign in (1, -1)],
    )


def _named(
    points: Sequence[tuple[Line, float]], middle: float, half: Callable[[int], float]
) -> list[tuple[Line, float]]:
    """Return the sections to be named: the listed ones, then those farthest outside the curves."""
    listed = [point for point in points if point[0].result.is_listed]
    beyond = [(abs(score - middle) - half(line.ballots), line, score) for line, score in points]
    far = sorted((row for row in beyond if row[0] > 0 and not row[1].result.is_listed), key=lambda row: -row[0])
    return [*listed, *((line, score) for _, line, score in far)]


def _name(line: Line) -> str:
    return short_name(f"{line.result.rank} {line.section.name}", LONGEST)


def _title(result: Result, lines: Sequence[Line]) -> str:
    fewest = min(line.ballots for line in lines)
    error = "抽样误差" if result.is_by_method_one else "误差"
    return f"有效票最少的科室{fewest}张；落在虚线之间的科室，与平均水平的差别可能只是{error}"


def _half_width(result: Result, lines: Sequence[Line]) -> Callable[[int], float]:
    """Return z·s(n) as a function of n ballots, s(n) from the average variance of a ballot in the round's mix.

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

    return half
