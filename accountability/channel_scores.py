"""What each channel says about each section: its average after adding the average ballots and the cap."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from evaluations.models import Round, Tally, TallyRow
from evaluations.rules.counting import Cell, CellKey
from evaluations.rules.method import parse_method
from evaluations.rules.scoring import four_decimals, score_sections

ChannelScores = Mapping[CellKey, Decimal]


def channel_scores(round_: Round, tally: Tally) -> ChannelScores:
    """Return M_c + d_c of every section and used channel; weighted and added they are the difficulty (NC-1)."""
    rows = TallyRow.objects.filter(round=round_).values_list("section__code", "channel", "lines", "total")
    cells = {(code, channel): Cell(lines=lines, total=total) for code, channel, lines, total in rows}
    scores = score_sections(parse_method(json.loads(tally.rulebook)), cells)
    return {
        (code, channel): _shown(mean + score.deviations[channel])
        for code, score in scores.sections.items()
        for channel, mean in scores.means.items()
    }


def _shown(value: Fraction) -> Decimal:
    rounded = four_decimals(value)
    return Decimal(rounded.numerator) / Decimal(rounded.denominator)
