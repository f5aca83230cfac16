"""The figures behind a count (method, cells, deviations), as stored; for pages and the workbook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evaluations.rounds.models import Round
from evaluations.scoring.counting import Cell, CellKey
from evaluations.scoring.index import ZERO, cell_variances, four_decimals, score_sections
from evaluations.scoring.method import Method
from evaluations.scoring.methods import AnyMethod, parse_rulebook
from evaluations.scoring.nc2.cells_file import parse_cells
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.sample_size import recommended_lines
from evaluations.tally.models import Tally, TallyRow


@dataclass(frozen=True)
class Figures:
    """The figures of one count, without its histograms; channels are the used ones.

    `spread` = section -> channel -> variance of one line; `between` = what the channels' disagreement adds to the
    variance of every index, 0 under NC-1; `recommended` = valid ballots a section should have next round (建议票数)
    """

    method: AnyMethod
    cells: Mapping[CellKey, Cell]
    means: Mapping[str, Fraction]
    weights: Mapping[str, Fraction]
    deviations: Mapping[str, Mapping[str, Fraction]]
    spread: Mapping[str, Mapping[str, Fraction]]
    between: Fraction
    recommended: Mapping[str, int]

    def channel_score(self, section: str, channel: str) -> Decimal | None:
        """Return M_c + d_c; weighted and added over the channels it is the difficulty."""
        if channel not in self.means or section not in self.deviations:
            return None
        value = four_decimals(self.means[channel] + self.deviations[section][channel])
        return Decimal(value.numerator) / Decimal(value.denominator)


def read_figures(round_: Round, tally: Tally) -> Figures:
    """Return the figures of a count (one query)."""
    method = parse_rulebook(json.loads(tally.rulebook))
    rows = TallyRow.objects.filter(round=round_).values_list("section__code", "channel", "lines", "total", "squares")
    cells = {
        (code, channel): Cell(lines=lines, total=total, squares=int(squares))
        for code, channel, lines, total, squares in rows
    }
    margin = Fraction(str(round_.rulebook["next_margin"]))
    return _of_one(method, cells, margin) if isinstance(method, Method) else _of_two(method, cells, tally, margin)


def _of_one(method: Method, cells: Mapping[CellKey, Cell], margin: Fraction) -> Figures:
    scores = score_sections(method, cells)
    spread = cell_variances(method, cells, scores)
    return Figures(
        method=method,
        cells=cells,
        means=scores.means,
        weights=scores.weights,
        deviations={section: score.deviations for section, score in scores.sections.items()},
        spread=spread,
        between=ZERO,
        recommended=recommended_lines(method, cells, scores.weights, spread, margin),
    )


def _of_two(method: MethodTwo, cells: Mapping[CellKey, Cell], tally: Tally, margin: Fraction) -> Figures:
    figures = parse_cells(json.loads(tally.cells), method, tally.rulebook_sha256)
    spread = {
        section: {c: cell.variance * ((cell.lines or 0) + method.prior_ballots) for c, cell in of_section.items()}
        for section, of_section in figures.cells.items()
    }
    return Figures(
        method=method,
        cells=cells,
        means=figures.means,
        weights=figures.weights,
        deviations={s: {c: cell.deviation for c, cell in of.items()} for s, of in figures.cells.items()},
        spread=spread,
        between=method.between_weight * figures.between,
        recommended=recommended_lines(method, cells, figures.weights, spread, margin),
    )
