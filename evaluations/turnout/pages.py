"""Data of the monitoring page (回收监测): codes issued and used, never the content of ballots.

Sections likely to get too few lines are estimated from the sections that drawn evaluators have dealt with.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, OpenClaimAlert
from evaluations.codes.queries import BatchLine, batch_lines, counted_batches, return_rate
from evaluations.codes.rules.publishing import is_small
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN, shown
from evaluations.turnout.models import TurnoutDay
from evaluations.turnout.queries import declared_sections, drawn_evaluators

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 44, 24


@dataclass(frozen=True)
class Curve:
    """One origin's returns by day: points for the chart, figures for the table."""

    label: str
    points: str
    figures: list[tuple[date, int | str]]


@dataclass(frozen=True)
class ThinSection:
    """A section likely to stay below the method's minimum."""

    section: RoundSection
    declared: int
    expected: int


@dataclass(frozen=True)
class MonitorPage:
    """Data of the monitoring page."""

    batches: list[BatchLine]
    curves: list[Curve]
    top: int
    thin: list[ThinSection] | None  # None: no declared sections, so no estimate
    needed: int
    strata: list[str]
    alerts: list[OpenClaimAlert]


def monitor_page(round_: Round) -> MonitorPage:
    """Read the data of the monitoring page in a fixed number of queries."""
    batches = counted_batches(round_)
    days = _disclosed_days(round_, batches)
    drawn = drawn_evaluators(round_)
    # A chart would show what the table hides: hidden figures lie at 0.
    top = max((row.used for row in days if shown(row.used) == row.used), default=0)
    return MonitorPage(
        batches=batch_lines(batches),
        curves=_curves(days, top),
        top=top,
        thin=_thin(round_, batches, declared_sections(drawn)),
        needed=round_.rulebook["min_drawn_lines"],
        strata=sorted({stratum for stratum, _ in drawn}),
        alerts=list(OpenClaimAlert.objects.filter(batch__round=round_).select_related("batch", "reviewed_by")),
    )


def _disclosed_days(round_: Round, batches: Sequence[CodeBatch]) -> list[TurnoutDay]:
    """Return the daily totals, without origins of so few codes that any figure tells who has voted."""
    able = Counter[str]()
    for batch in batches:
        able[batch.origin] += batch.codes - batch.void  # type: ignore[attr-defined]  # annotated
    days = TurnoutDay.objects.filter(round=round_)
    return [row for row in days if not is_small(able[row.origin], SMALLEST_SHOWN)]


def _curves(days_: Sequence[TurnoutDay], top: int) -> list[Curve]:
    used = {(row.origin, row.day): shown(row.used) for row in days_}
    days = sorted({row.day for row in days_})
    return [
        Curve(
            label=origin.label,
            points=" ".join(_point(i, len(days), used.get((origin, day), 0), top) for i, day in enumerate(days)),
            figures=[(day, used.get((origin, day), 0)) for day in days],
        )
        for origin in Origin
        if any(row.origin == origin for row in days_)
    ]


def _point(index: int, days: int, count: int | str, top: int) -> str:
    x = LEFT + (WIDTH - LEFT - 10) * index // max(days - 1, 1)
    y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 10) * (count if isinstance(count, int) else 0) // max(top, 1)
    return f"{x},{y}"


def _thin(round_: Round, batches: Sequence[CodeBatch], declared: Mapping[str, int]) -> list[ThinSection] | None:
    """Estimate lines per section: evaluators who dealt with it × return rate; None without such data."""
    if not declared:
        return None
    rate = return_rate([batch for batch in batches if batch.channel == Channel.TARGETED]) or 0
    lines = [ThinSection(s, declared[s.code], declared[s.code] * rate // 100) for s in round_.sections.all()]
    return [line for line in lines if line.expected < round_.rulebook["min_drawn_lines"]]
