"""Trend of one section over the rounds: its places with intervals, joined only where two rounds can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from accountability.history.queries import Placement
from accountability.results.pages.charts import PLOT_BOTTOM, PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, Tick, place_steps, scale
from accountability.results.queries.changes import RoundChange
from accountability.results.rules import short_name
from evaluations.rounds.models import Round
from evaluations.tally.models import SectionResult

MOST_ROUNDS, LONGEST = 10, 6
NOT_COMPARABLE = "不可比"
Intervals = Mapping[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class TrendPoint:
    """The section, or its predecessor, in one round; without a place it is a gap."""

    placement: Placement
    change: str  # the method's own decision, or 不可比
    is_joined: bool  # with the point before
    low: int | None = None
    high: int | None = None
    x: float = 0
    y: float | None = None
    y_low: float | None = None
    y_high: float | None = None

    @property
    def interval(self) -> str:
        """The interval of places; none for rounds counted by another method."""
        return f"{self.low}—{self.high}" if self.low is not None else ""

    @property
    def year(self) -> str:
        """First line of the round's label."""
        return str(self.placement.starts_on.year)

    @property
    def half(self) -> str:
        """Second line of the round's label."""
        return short_name(self.placement.name.removeprefix(f"{self.year}年"), LONGEST)


@dataclass(frozen=True)
class Trend:
    """The chart and the rows of its table; `segments` join comparable rounds."""

    title: str
    points: list[TrendPoint]
    segments: list[str]
    y_ticks: list[Tick]
    cut: float
    shown: int
    rounds: int


def read_intervals(round_: Round, placements: Sequence[Placement]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the intervals by round and section, of the rounds counted by this one's method (1 query)."""
    rows = SectionResult.objects.filter(
        round__key__in=[placement.key for placement in placements if not placement.is_imported],
        round__is_demo=round_.is_demo,
        section__code__in={placement.code for placement in placements},
    ).values_list("round__key", "section__code", "data", "round__rulebook__method")
    return {
        (key, code): (data["rank_low"], data["rank_high"])
        for key, code, data, method in rows
        if method == round_.rulebook["method"] and data.get("rank_low") is not None
    }


def trend_points(
    round_: Round, placements: Sequence[Placement], changes: Sequence[RoundChange], intervals: Intervals
) -> list[TrendPoint]:
    """Return the section's rounds, oldest first, each with the method's decision on the one before."""
    keys = [*(change.before.key for change in changes if change.before), round_.key]
    of = dict(zip(keys, changes, strict=True))
    points = []
    for before, placement in zip([None, *placements], placements, strict=False):
        change = None if placement.is_imported else of.get(placement.key)
        code = placement.code or ""
        row = change.sections.get(code) if change else None
        is_next = bool(change and change.before and before and change.before.key == before.key)
        low, high = intervals.get((placement.key, code)) or (None, None)
        points.append(
            TrendPoint(
                placement,
                row.label if row else NOT_COMPARABLE if before else "—",
                is_joined=bool(row and is_next and before and before.code == placement.code),
                low=low,
                high=high,
            )
        )
    return points


def trend(points: Sequence[TrendPoint], length: int) -> Trend | None:
    """Return the chart of the last rounds, the first place on top; None if the section never had a place."""
    last = points[-MOST_ROUNDS:]
    ranks = [point.placement.rank for point in last if point.placement.rank is not None]
    if not ranks:
        return None
    lowest = max(length + 5, *ranks, *(point.high for point in last if point.high is not None))

    def y(place: float | None) -> float | None:
        return None if place is None else scale(place, 1, lowest, PLOT_TOP, PLOT_BOTTOM)

    drawn = [
        replace(
            point,
            x=scale(n, 0, max(len(last) - 1, 1), PLOT_LEFT + 40, PLOT_RIGHT - 30),
            y=y(point.placement.rank),
            y_low=y(point.low),
            y_high=y(point.high),
        )
        for n, point in enumerate(last)
    ]
    segments = [f"{a.x},{a.y} {b.x},{b.y}" for a, b in pairwise(drawn) if b.is_joined and None not in (a.y, b.y)]
    listings = sum(point.placement.is_listed for point in points)
    return Trend(
        title=f"最近一次位列第{ranks[-1]}位，{len(points)}个轮次中{listings}次上榜",
        points=drawn,
        segments=segments,
        y_ticks=[Tick(scale(n, 1, lowest, PLOT_TOP, PLOT_BOTTOM), str(n)) for n in place_steps(lowest)],
        cut=scale(length + 0.5, 1, lowest, PLOT_TOP, PLOT_BOTTOM),
        shown=len(last),
        rounds=len(points),
    )
