"""The probability of being among the listed (method.md 3.2): the only floats of the method, in no rank."""

import math
from collections.abc import Mapping
from fractions import Fraction

GRID = [-4 + step / 4 for step in range(33)]
_DENSITY = [math.exp(-x * x / 2) for x in GRID]
WEIGHTS = [density / sum(_DENSITY) for density in _DENSITY]
# Sections this certain to be above or below skip the recursion; no digit of the result changes.
SURE = 1 - 1e-12
FAR = 7.1  # standard deviations beyond which a normal variable is that certain


def top_probabilities(
    scores: Mapping[str, Fraction], variances: Mapping[str, Fraction], seats: int
) -> dict[str, float]:
    """Return for every section the probability that fewer than `seats` others are harder; deterministic."""
    normal = [(name, float(scores[name]), math.sqrt(variances[name])) for name in sorted(scores)]
    return {name: _probability(name, mean, spread, normal, seats) for name, mean, spread in normal}


def as_tenths(probability: float) -> str:
    """Return the probability in steps of ten percent (约70%), halves up."""
    return f"约{math.floor(probability * 10 + 0.5) * 10}%"


def _probability(name: str, mean: float, spread: float, normal: list[tuple[str, float, float]], seats: int) -> float:
    low, high = mean + spread * GRID[0], mean + spread * GRID[-1]
    others = [(m, s) for other, m, s in normal if other != name]
    harder = sum(m - FAR * s > high for m, s in others)
    contested = [(m, s) for m, s in others if m - FAR * s <= high and m + FAR * s >= low]
    return sum(
        weight * _at_most([_harder_than(mean + spread * x, m, s) for m, s in contested], seats - 1 - harder)
        for x, weight in zip(GRID, WEIGHTS, strict=True)
    )


def _harder_than(threshold: float, mean: float, spread: float) -> float:
    """Pr(a section lies above the threshold); without spread that is certain, and a tie is half."""
    if spread == 0:
        return 0.5 if threshold == mean else float(mean > threshold)
    return math.erfc((threshold - mean) / (spread * math.sqrt(2))) / 2


def _at_most(chances: list[float], most: int) -> float:
    """Pr(Poisson-binomial(chances) <= most), by the usual recursion."""
    most -= sum(chance > SURE for chance in chances)
    if most < 0:
        return 0.0
    counts = [1.0] + [0.0] * most
    for chance in chances:
        if 1 - SURE < chance <= SURE:
            for k in range(most, 0, -1):
                counts[k] += (counts[k - 1] - counts[k]) * chance
            counts[0] -= counts[0] * chance
    return min(1.0, max(0.0, sum(counts)))
