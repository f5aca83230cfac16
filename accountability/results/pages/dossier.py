"""一科一档: everything about one section of a counted round, in a constant number of queries."""

from dataclasses import dataclass

from accountability.inspections.models import Inspection
from accountability.inspections.rules import InspectionState
from accountability.results.pages.trend import Trend, TrendPoint, read_intervals, trend, trend_points
from accountability.results.queries.changes import read_changes
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
    placements: list[TrendPoint]
    picture: Trend | None
    ticks: list[tuple[str, int | str]]
    flags: list[AnomalyFlag]
    visits: list[Inspection]


def read_dossier(round_: Round, code: str) -> Dossier | None:
    """Return the dossier, or None if the section did not take part."""
    result = read_result(round_)
    line = next((each for each in (*result.ranked, *result.unranked) if each.section.code == code), None)
    if line is None:
        return None
    placements, changes = result.past.trend(code), read_changes(round_)
    points = trend_points(round_, placements, changes, read_intervals(round_, placements))
    return Dossier(
        result=result,
        line=line,
        change=changes[-1].of(code),
        placements=points,
        picture=trend(points, round_.rulebook["list_length"]),
        ticks=ticked(round_, line),
        flags=list(round_.flags.filter(section=line.section)),
        visits=list(Inspection.objects.filter(section=line.section, state=InspectionState.APPROVED)),
    )
