"""How much lines vary within a cell, and channels among each other (method-2.md 2.4, 2.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from statistics import median

from evaluations.scoring.counting import CellKey
from evaluations.scoring.index import ZERO, four_decimals
from evaluations.scoring.nc2.method import MethodTwo

# The median of chi-squared with one degree of freedom: mathematics, not a setting.
CHI_SQUARED_MEDIAN = Fraction("0.4549")


@dataclass(frozen=True)
class Spread:
    """Variances of single lines: V of each used channel, u of each visible cell, with its lines and T/n - M."""

    prior_ballots: int
    pooled: Mapping[str, Fraction]
    of_line: Mapping[CellKey, Fraction]
    lines: Mapping[CellKey, int]
    gaps: Mapping[CellKey, Fraction]

    def variance(self, section: str, channel: str) -> Fraction:
        """Return v, the variance of a cell's deviation."""
        key = section, channel
        return four_decimals(
            self.of_line.get(key, self.pooled[channel]) / (self.lines.get(key, 0) + self.prior_ballots)
        )


def between_variance(method: MethodTwo, spread: Spread) -> Fraction:
    """Return tau squared: a median, so that stuffing a few sections does not widen everybody's interval."""
    found = [
        excess
        for one, other in _compared_channels(method, spread)
        for section in method.sections
        if (excess := _excess(method, spread, (section, one), (section, other))) is not None
    ]
    if len(found) < method.pair_min_count:
        return four_decimals(method.between_prior)
    return four_decimals(max(ZERO, median(found) / 2))


def _compared_channels(method: MethodTwo, spread: Spread) -> Iterator[tuple[str, str]]:
    """Yield every two used channels of which one is drawn; any two where none is."""
    drawn = {c for c in spread.pooled if method.channels[c].drawn}
    return (pair for pair in combinations(spread.pooled, 2) if not drawn or drawn & {*pair})


def _excess(method: MethodTwo, spread: Spread, one: CellKey, other: CellKey) -> Fraction | None:
    """By how much two cells differ beyond what the variance of their lines explains; None: too few lines."""
    if min(spread.lines.get(key, 0) for key in (one, other)) < method.pair_min_lines:
        return None
    gap = spread.gaps[one] - spread.gaps[other]
    chance = sum((spread.of_line[key] / spread.lines[key] for key in (one, other)), ZERO)
    return gap**2 / CHI_SQUARED_MEDIAN - chance
