"""result.json of NC-2, equal to the byte for equal input, and the part that cells.json gives (method-2.md 4)."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from evaluations.scoring.counting import EMPTY
from evaluations.scoring.method import Indicator
from evaluations.scoring.nc2.ballots import Ballots
from evaluations.scoring.nc2.cells_file import cells_document, parse_cells, rulebook_digest
from evaluations.scoring.nc2.index import Deviations, Figures, deviate, indicator_parts, score_ballots
from evaluations.scoring.nc2.method import METHOD, MethodTwo, parse_method_two
from evaluations.scoring.nc2.ranking import Standing, chances, publication, standings
from evaluations.scoring.result import decimal
from nanchuan_eval.core.canonical import canonical_json


def build_files(
    method: MethodTwo, ballots: Ballots, rulebook: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return result.json and cells.json as documents; the sections by place, then code, those without a place last."""
    figures, deviations = score_ballots(method, ballots)
    result = _result(method, ballots, figures, deviations)
    return result, cells_document(figures, rulebook_digest(rulebook))


def recount_cells(cells: Any, rulebook: Mapping[str, Any]) -> bytes:
    """Return the public part of result.json from cells.json and a rulebook; a faulty file is a CellsFileError."""
    method = parse_method_two(rulebook)
    return canonical_json(public_result(method, parse_cells(cells, method, rulebook_digest(rulebook))))


def public_result(method: MethodTwo, figures: Figures) -> dict[str, Any]:
    """Return the part of result.json that follows from the published figures."""
    outcome = standings(method, figures)
    gate, chance = publication(method, outcome), chances(method, outcome)
    order = sorted(outcome, key=lambda s: (outcome[s].place or len(outcome) + 1, s))
    return {
        "method": METHOD,
        "channel_means": {channel: decimal(mean) for channel, mean in figures.means.items()},
        "between_variance": decimal(figures.between),
        "publication": {
            "sections": gate.sections,
            "ranked": gate.ranked,
            "needed": gate.needed,
            "allowed": gate.is_allowed,
        },
        "sections": [_public_row(method, section, outcome[section], chance[section]) for section in order],
    }


def _public_row(method: MethodTwo, section: str, standing: Standing, chance: float) -> dict[str, Any]:
    """Return a section's row; without enough lines it says nothing but place, listing and label."""
    score, is_shown = standing.score, standing.score.has_enough
    low, high = standing.published_interval
    return {
        "section": section,
        "rank": standing.place,
        "listed": standing.is_listed,
        "label": standing.label,
        "difficulty": decimal(score.index) if is_shown else None,
        "drawn_deviation": decimal(score.drawn_deviation) if is_shown else None,
        "rank_low": low,
        "rank_high": high,
        "p_top": decimal(Fraction(chance)) if is_shown or section in method.vetoes else None,
    }


def _result(method: MethodTwo, ballots: Ballots, figures: Figures, deviations: Deviations) -> dict[str, Any]:
    result = public_result(method, figures)
    indicators = {i: deviate(method, indicator_parts(method, ballots, i)) for i in Indicator}
    rows = [
        row
        | _inside_row(method, ballots, row["section"], deviations, indicators, is_shown=row["difficulty"] is not None)
        for row in result["sections"]
    ]
    return result | {"sections": rows}


def _inside_row(
    method: MethodTwo,
    ballots: Ballots,
    section: str,
    deviations: Deviations,
    indicators: Mapping[Indicator, Deviations],
    *,
    is_shown: bool,
) -> dict[str, Any]:
    cells = {c: ballots.cells.get((section, c), EMPTY) for c in method.channels}
    free, final = deviations.free[section], deviations.final[section]
    return {
        "lines": {c: cell.lines for c, cell in cells.items()},
        "vote_count": sum(cell.votes for cell in cells.values()),
        "capped": [c for c in final if final[c] != free[c]] if is_shown else [],
        "indicators": {
            i.value: decimal(of.index(section)) if is_shown and of.weights else None for i, of in indicators.items()
        },
    }
