"""一科一档: everything about one section of a counted round, in a constant number of queries."""

import json
from dataclasses import dataclass

from accountability.history.queries import Placement
from accountability.inspections.models import Inspection
from accountability.inspections.rules import InspectionState
from accountability.results.pages.charts import Chart, trend
from accountability.results.queries import Line, Result, read_result
from evaluations.rounds.models import Round
from evaluations.scoring.wording import shown
from evaluations.tally.models import AnomalyFlag


@dataclass(frozen=True)
class Dossier:
    """What the page shows."""

    result: Result
    line: Line
    placements: list[Placement]
    picture: Chart | None
    ticks: list[tuple[str, int | str]]
    flags: list[AnomalyFlag]
    visits: list[Inspection]


def read_dossier(round_: Round, code: str) -> Dossier | None:
    """Return the dossier, or None where the section did not take part."""
    result = read_result(round_)
    line = next((each for each in (*result.ranked, *result.unranked) if each.section.code == code), None)
    if line is None:
        return None
    placements = result.past.trend(code)
    return Dossier(
        result=result,
        line=line,
        placements=placements,
        picture=trend([(s.name, s.rank, s.is_listed) for s in placements], round_.rulebook["list_length"]),
        ticks=_ticks(round_, line),
        flags=list(round_.flags.filter(section=line.section)),
        visits=list(Inspection.objects.filter(section=line.section, state=InspectionState.APPROVED)),
    )


def _ticks(round_: Round, line: Line) -> list[tuple[str, int | str]]:
    """Return the ticked 表象 in words, the most ticked first; fewer than five ticks are not told."""
    texts = {sign["code"]: sign["text"] for sign in json.loads(round_.ballot_form or "{}").get("manifestations", [])}
    counts = sorted(line.result.ticks.items(), key=lambda item: (-item[1], item[0]))
    return [(texts.get(code, code), shown(times)) for code, times in counts]
