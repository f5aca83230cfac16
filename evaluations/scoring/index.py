"""From cells to scores: integers and fractions only (method.md 2.2, 2.3, 2.4, 2.7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluations.scoring.counting import EMPTY, Cell, CellKey
from evaluations.scoring.method import Indicator, Method

ZERO = Fraction(0)
DECIMALS = 10_000


@dataclass(frozen=True)
class Part:
    """A cell's contribution to a score: n lines whose scores (0 to 100) sum to `total`."""

    lines: int
    total: Fraction


@dataclass(frozen=True)
class Score:
    """One section: S before rounding, drawn deviation e, each channel's d after and before the cap, capped ones."""

    value: Fraction
    drawn_deviation: Fraction
    deviations: Mapping[str, Fraction]
    free: Mapping[str, Fraction]
    capped: tuple[str, ...]


@dataclass(frozen=True)
class Scores:
    """All sections' scores with the channels' averages and the weights of the channels used."""

    means: Mapping[str, Fraction]
    weights: Mapping[str, Fraction]
    sections: Mapping[str, Score]


def score_sections(method: Method, cells: Mapping[CellKey, Cell]) -> Scores:
    """Return the scores over all valid lines."""
    unit = Fraction(100, method.scale * method.levels)
    return score_parts(method, cells, lambda cell: Part(cell.lines, cell.total * unit))


def score_indicator(method: Method, cells: Mapping[CellKey, Cell], indicator: Indicator) -> Scores:
    """Return the scores by one indicator alone, for display; every line that answers it counts (method.md 3.5)."""
    place, unit = list(Indicator).index(indicator), Fraction(100, method.levels)
    return score_parts(method, cells, lambda cell: Part(cell.answered[place], cell.points[place] * unit))


def score_parts(method: Method, cells: Mapping[CellKey, Cell], part: Callable[[Cell], Part]) -> Scores:
    """Score the cells by what `part` reads of them; unused channels are dropped and the weights rescaled."""
    parts = {key: part(cell) for key, cell in cells.items()}
    used = [c for c in method.channels if any(parts[key].lines for key in parts if key[1] == c)]
    whole = sum((method.channels[c].weight for c in used), ZERO)
    weights = {c: method.channels[c].weight / whole for c in used}
    means = {c: _channel_mean(method, [p for (_, channel), p in parts.items() if channel == c]) for c in used}
    nothing = part(EMPTY)
    sections = {
        section: _score(method, weights, means, {c: parts.get((section, c), nothing) for c in used})
        for section in method.sections
    }
    return Scores(means, weights, sections)


def variances(method: Method, cells: Mapping[CellKey, Cell], scores: Scores) -> dict[str, Fraction]:
    """Return each section's variance s squared, for the intervals."""
    spread = cell_variances(method, cells, scores)
    k = method.prior_ballots
    return {
        section: sum(
            (w**2 * spread[section][c] / (cells.get((section, c), EMPTY).lines + k) for c, w in scores.weights.items()),
            ZERO,
        )
        for section in method.sections
    }


def cell_variances(method: Method, cells: Mapping[CellKey, Cell], scores: Scores) -> dict[str, dict[str, Fraction]]:
    """Return u, the variance of one line, of each section and used channel."""
    pooled = {c: _pooled_variance(method, [cells.get((s, c), EMPTY) for s in method.sections]) for c in scores.weights}
    return {
        section: {c: _line_variance(method, cells.get((section, c), EMPTY), pooled[c]) for c in scores.weights}
        for section in method.sections
    }


def severe_share(method: Method, cells: Mapping[CellKey, Cell], section: str) -> Fraction:
    """Return the share of severe lines among the valid lines of the drawn channels; none: 0."""
    drawn = [cells.get((section, c), EMPTY) for c in method.drawn_channels]
    lines = sum(cell.lines for cell in drawn)
    return Fraction(sum(cell.severe for cell in drawn), lines) if lines else ZERO


def trim(cell: Cell) -> Cell:
    """Return a cell without the highest and the lowest tenth (rounded down) of its valid lines."""
    cut = cell.lines // 10
    kept = _without_lowest(_without_lowest(cell.histogram, cut), cut, reverse=True)
    return Cell(lines=sum(kept.values()), total=sum(q * times for q, times in kept.items()), histogram=kept)


def four_decimals(value: Fraction) -> Fraction:
    """Round at four decimals, half away from zero (= Excel ROUND)."""
    above, below = value.numerator, value.denominator
    whole = (abs(above) * DECIMALS * 2 + below) // (below * 2)
    return Fraction(whole if above >= 0 else -whole, DECIMALS)


def _channel_mean(method: Method, parts: list[Part]) -> Fraction:
    means = [part.total / part.lines for part in parts if part.lines and part.lines >= method.mean_min_lines]
    if means:
        return sum(means, ZERO) / len(means)
    return sum((part.total for part in parts), ZERO) / sum(part.lines for part in parts)


def _score(
    method: Method, weights: Mapping[str, Fraction], means: Mapping[str, Fraction], parts: Mapping[str, Part]
) -> Score:
    free = {c: (p.total - p.lines * means[c]) / (p.lines + method.prior_ballots) for c, p in parts.items()}
    drawn = [c for c in weights if method.channels[c].drawn]
    weight = sum((weights[c] for c in drawn), ZERO)
    e = sum((weights[c] * free[c] for c in drawn), ZERO) / weight if drawn else ZERO
    deviations = {c: _capped(method, d, e) if drawn and c not in drawn else d for c, d in free.items()}
    return Score(
        value=sum((weights[c] * (means[c] + deviations[c]) for c in weights), ZERO),
        drawn_deviation=e,
        deviations=deviations,
        free=free,
        capped=tuple(c for c in weights if deviations[c] != free[c]),
    )


def _capped(method: Method, deviation: Fraction, drawn: Fraction) -> Fraction:
    return max(drawn - method.cap, min(deviation, drawn + method.cap))


def _squares_about_mean(method: Method, cell: Cell) -> Fraction:
    unit = Fraction(100, method.scale * method.levels)
    return (cell.squares - Fraction(cell.total**2, cell.lines)) * unit**2 if cell.lines else ZERO


def _pooled_variance(method: Method, cells: list[Cell]) -> Fraction:
    squares = sum((_squares_about_mean(method, cell) for cell in cells), ZERO)
    return (method.v_prior + squares) / (1 + sum(max(cell.lines - 1, 0) for cell in cells))


def _line_variance(method: Method, cell: Cell, pooled: Fraction) -> Fraction:
    freedom = method.nu0 + max(cell.lines - 1, 0)
    return (method.nu0 * pooled + _squares_about_mean(method, cell)) / freedom if freedom else pooled


def _without_lowest(histogram: Mapping[int, int], cut: int, *, reverse: bool = False) -> dict[int, int]:
    kept: dict[int, int] = {}
    for q in sorted(histogram, reverse=reverse):
        dropped = min(cut, histogram[q])
        cut -= dropped
        if histogram[q] > dropped:
            kept[q] = histogram[q] - dropped
    return kept
