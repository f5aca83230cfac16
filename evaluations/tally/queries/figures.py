"""The figures behind a count (method, cells, scores), as stored; for pages and the workbook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evaluations.rounds.models import Round
from evaluations.scoring.counting import Cell, CellKey
from evaluations.scoring.index import Scores, four_decimals, score_sections
from evaluations.scoring.method import Method, parse_method
from evaluations.scoring.sample_size import recommended_lines
from evaluations.tally.models import Tally, TallyRow


@dataclass(frozen=True)
class Figures:
    """The figures of one count, without its histograms."""

    method: Method
    cells: Mapping[CellKey, Cell]
    scores: Scores
    # Valid ballots each section should have next round (建议票数).
    recommended: Mapping[str, int]

    def channel_score(self, section: str, channel: str) -> Decimal | None:
        """Return M_c + d_c; weighted and added over the channels it is the difficulty (NC-1)."""
        if channel not in self.scores.means or section not in self.scores.sections:
            return None
        value = four_decimals(self.scores.means[channel] + self.scores.sections[section].deviations[channel])
        return Decimal(value.numerator) / Decimal(value.denominator)


def read_figures(round_: Round, tally: Tally) -> Figures:
    """Return the figures of a count (one query)."""
    method = parse_method(json.loads(tally.rulebook))
    rows = TallyRow.objects.filter(round=round_).values_list("section__code", "channel", "lines", "total", "squares")
    cells = {
        (code, channel): Cell(lines=lines, total=total, squares=int(squares))
        for code, channel, lines, total, squares in rows
    }
    scores = score_sections(method, cells)
    margin = Fraction(str(round_.rulebook["next_margin"]))
    return Figures(method, cells, scores, recommended_lines(method, cells, scores, margin))
