"""What the published figures of the last round tell about the next: popularity, spread, how channels differ."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log, sqrt
from statistics import median, variance
from typing import Any

from evaluations.scoring.index import ZERO
from evaluations.scoring.nc2.cells_file import CellsFileError, named_sections, parse_cells
from evaluations.scoring.nc2.index import Figures
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import sampling_variance, standings
from evaluations.simulation.rules.expectations import Expectation

HIDDEN = 2  # lines that a cell of 0 to 4 stands for
FEWEST_SECTIONS = 2


@dataclass(frozen=True)
class LastRound:
    """Spread of the index and disagreement of a channel in points; popularity (logarithm, 0 = middling) by section."""

    spread: float
    channel_effect: float
    popularity: Mapping[str, float]


def read_last_round(document: Any, method: MethodTwo, expectation: Expectation) -> LastRound:
    """Read cells.json of a round under the same rules; its sections may be others."""
    sections = tuple(named_sections(document))
    if len(sections) < FEWEST_SECTIONS:
        raise CellsFileError(f"cells.json 应有“sections”，列出不少于{FEWEST_SECTIONS}个科室。")
    of_it = replace(method, sections=sections, vetoes=frozenset())
    figures = parse_cells(document, of_it, document.get("rulebook_sha256"))
    found = standings(of_it, figures)
    own = sum((sampling_variance(figures, s) for s in found), ZERO) / len(found)
    spread = max(ZERO, variance([row.score.index for row in found.values()]) - own)
    return LastRound(sqrt(spread), sqrt(figures.between), _popularity(figures, expectation))


def _popularity(figures: Figures, expectation: Expectation) -> dict[str, float]:
    """Take the channel with the most lines, and undo how much its people prefer what is frequented."""
    lines = {
        c: {s: cells[c].lines or HIDDEN for s, cells in figures.cells.items()}
        for c in figures.weights
        if expectation.channels[c].preference
    }
    if not lines:
        return {}
    widest = max(lines, key=lambda c: sum(lines[c].values()))
    middle, preference = median(lines[widest].values()), float(expectation.channels[widest].preference)
    return {section: log(n / middle) / preference for section, n in lines[widest].items()}
