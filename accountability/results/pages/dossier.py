"""一科一档: everything about one section of a counted round, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from accountability.history.queries import Placement
from accountability.inspections.models import Inspection
from accountability.inspections.rules import InspectionState
from accountability.results.pages.charts import (
    PLOT_BOTTOM,
    PLOT_LEFT,
    PLOT_RIGHT,
    PLOT_TOP,
    Chart,
    Dot,
    Tick,
    round_steps,
    scale,
)
from accountability.results.queries.changes import read_change
from accountability.results.queries.dossiers import ticked
from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result, read_result
from evaluations.rounds.models import Round
from evaluations.tally.models import AnomalyFlag


@dataclass(frozen=True)
class Dossier:
    """The data of a section's page."""

    result: Result
    line: Line
    change: str
    placements: list[Placement]
    picture: Chart | None
    ticks: list[tuple[str, int | str]]
    flags: list[AnomalyFlag]
    visits: list[Inspection]


def read_dossier(round_: Round, code: str) -> Dossier | None:
    """Return the dossier, or None if the section did not take part."""
    result = read_result(round_)
    line = next((each for each in (*result.ranked, *result.unranked) if each.section.code == code), None)
    if line is None:
        return None
    placements = result.past.trend(code)
    return Dossier(
        result=result,
        line=line,
        change=read_change(round_).of(code),
        placements=placements,
        picture=_trend([(s.name, s.rank, s.is_listed) for s in placements], round_.rulebook["list_length"]),
        ticks=ticked(round_, line),
        flags=list(round_.flags.filter(section=line.section)),
        visits=list(Inspection.objects.filter(section=line.section, state=InspectionState.APPROVED)),
    )


def _trend(rounds: Sequence[tuple[str, int | None, bool]], length: int) -> Chart | None:
    """Return the chart of a section's places over the rounds (name, rank, listed), first place on top."""
    placed = [(n, rank, listed, name) for n, (name, rank, listed) in enumerate(rounds) if rank is not None]
    if not placed:
        return None
    lowest = max(length + 5, *(rank for _, rank, _, _ in placed))

    def x(n: int) -> float:
        return scale(n, 0, max(len(rounds) - 1, 1), PLOT_LEFT + 60, PLOT_RIGHT - 60)

    def y(place: float) -> float:
        return scale(place, 1, lowest, PLOT_TOP, PLOT_BOTTOM)

    points = " ".join(f"{x(n)},{y(rank)}" for n, rank, _, _ in placed)
    return Chart(
        title=f"最近一次位列第{placed[-1][1]}位，{len(rounds)}个轮次中{sum(listed for _, _, listed in rounds)}次上榜",
        dots=[Dot(x(n), y(rank), f"{name}：第{rank}位", listed) for n, rank, listed, name in placed],
        x_ticks=[Tick(x(n), name) for n, (name, _, _) in enumerate(rounds)],
        y_ticks=[Tick(y(n), str(n)) for n in round_steps(1, lowest)],
        curves=[points],
        cut=y(length + 0.5),
    )
