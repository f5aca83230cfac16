"""The ballots a section should have next round (建议票数) for the district's target margin (method.md 3.6)."""

from collections.abc import Mapping
from fractions import Fraction

from evaluations.scoring.counting import EMPTY, Cell, CellKey
from evaluations.scoring.index import ZERO
from evaluations.scoring.method import Settings

MOST = 100_000


def recommended_lines(
    method: Settings,
    cells: Mapping[CellKey, Cell],
    weights: Mapping[str, Fraction],
    spread: Mapping[str, Mapping[str, Fraction]],
    margin: Fraction,
) -> dict[str, int]:
    """Return for every section the fewest valid lines that keep z*s within the margin, in the round's channel mix.

    `spread` = section -> channel -> variance of one line; s counts sampling only.
    """
    total = sum(cell.lines for cell in cells.values())
    if not total or not method.z:
        return dict.fromkeys(method.sections, method.min_lines)
    shares = {c: Fraction(sum(cells.get((s, c), EMPTY).lines for s in method.sections), total) for c in weights}
    goal = (margin / method.z) ** 2
    return {section: _fewest(method, weights, spread[section], shares, goal) for section in method.sections}


def expected_variance(
    lines: int,
    weights: Mapping[str, Fraction],
    spread: Mapping[str, Fraction],
    shares: Mapping[str, Fraction],
    prior_ballots: int,
) -> Fraction:
    """Return the variance of an index from so many lines, of which every channel has its share."""
    return sum((w**2 * spread[c] / (lines * shares[c] + prior_ballots) for c, w in weights.items()), ZERO)


def _fewest(
    method: Settings,
    weights: Mapping[str, Fraction],
    spread: Mapping[str, Fraction],
    shares: Mapping[str, Fraction],
    goal: Fraction,
) -> int:
    def is_enough(lines: int) -> bool:
        return expected_variance(lines, weights, spread, shares, method.prior_ballots) <= goal

    low, high = method.min_lines, MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle + 1, high)
    return low
