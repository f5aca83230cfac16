"""From ballots to the figures of every cell: means, deviations, variances (method-2.md 2.2 to 2.7).

The figures are rounded at four decimals where the method says so; whatever comes later is computed from them alone
(`ranking.py`), so that the published file gives a stranger the very same list.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluations.scoring.counting import Cell, CellKey
from evaluations.scoring.index import ZERO, four_decimals
from evaluations.scoring.method import Indicator
from evaluations.scoring.nc2.ballots import Ballots
from evaluations.scoring.nc2.disagreement import Spread, between_variance
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.strictness import correct, within


@dataclass(frozen=True)
class Part:
    """What a cell adds up to: its lines, the sum of their scores and of the scores' squares."""

    lines: int
    total: Fraction
    squares: Fraction = ZERO


@dataclass(frozen=True)
class Deviations:
    """Means M and rescaled weights W of the used channels; d and, before the cap, f of each section and channel."""

    visible: Mapping[CellKey, Part]
    weights: Mapping[str, Fraction]
    means: Mapping[str, Fraction]
    free: Mapping[str, Mapping[str, Fraction]]
    final: Mapping[str, Mapping[str, Fraction]]

    def index(self, section: str) -> Fraction:
        """Return S."""
        return difficulty_index(self.weights, self.means, self.final[section])


@dataclass(frozen=True)
class CellFigures:
    """A cell as it is published; None lines = fewer than `cell_min_lines`, perhaps none."""

    lines: int | None
    deviation: Fraction
    variance: Fraction


@dataclass(frozen=True)
class Figures:
    """All that place, interval, label and publication depend on; cells by section, then used channel."""

    means: Mapping[str, Fraction]
    weights: Mapping[str, Fraction]
    between: Fraction
    cells: Mapping[str, Mapping[str, CellFigures]]


def score_ballots(method: MethodTwo, ballots: Ballots) -> tuple[Figures, Deviations]:
    """Return the round's figures, and the deviations with what they were before the cap."""
    deviations = deviate(method, line_parts(method, ballots))
    spread = _spread(method, deviations)
    cells = {
        section: {
            channel: CellFigures(
                part.lines if (part := deviations.visible.get((section, channel))) else None,
                deviations.final[section][channel],
                spread.variance(section, channel),
            )
            for channel in deviations.weights
        }
        for section in method.sections
    }
    between = between_variance(method, spread)
    return Figures(deviations.means, deviations.weights, between, cells), deviations


def line_parts(method: MethodTwo, ballots: Ballots) -> dict[CellKey, Part]:
    """Add up the valid lines of the visible cells: y' in the drawn channels, y in the others."""
    visible = {key: cell for key, cell in ballots.cells.items() if cell.lines >= method.cell_min_lines}
    parts = {key: _capped_part(method, cell) for key, cell in visible.items() if key[1] not in method.drawn_channels}
    for channel in method.drawn_channels:
        sections = {section for section, of in visible if of == channel}
        parts |= _corrected_parts(method, ballots, channel, sections)
    return parts


def indicator_parts(method: MethodTwo, ballots: Ballots, indicator: Indicator) -> dict[CellKey, Part]:
    """Add up one indicator over all lines that answer it, for display: no line cap, no strictness."""
    place, unit = list(Indicator).index(indicator), Fraction(100, method.levels)
    return {key: Part(cell.answered[place], cell.points[place] * unit) for key, cell in ballots.cells.items()}


def deviate(method: MethodTwo, parts: Mapping[CellKey, Part]) -> Deviations:
    """Return means and deviations over the visible cells; a channel without any is dropped, the weights rescaled."""
    visible = {key: part for key, part in parts.items() if part.lines >= method.cell_min_lines}
    averages: dict[str, list[Fraction]] = defaultdict(list)
    for (_, channel), part in visible.items():
        averages[channel].append(part.total / part.lines)
    used = [c for c in method.channels if c in averages]
    whole = sum((method.channels[c].weight for c in used), ZERO)
    weights = {c: method.channels[c].weight / whole for c in used}
    means = {c: four_decimals(sum(averages[c], ZERO) / len(averages[c])) for c in used}
    free, final = {}, {}
    for section in method.sections:
        cells = {c: visible.get((section, c), Part(0, ZERO)) for c in used}
        free[section], final[section] = _section(method, weights, means, cells)
    return Deviations(visible, weights, means, free, final)


def difficulty_index(
    weights: Mapping[str, Fraction], means: Mapping[str, Fraction], deviations: Mapping[str, Fraction]
) -> Fraction:
    """Return S, the channels' means and a section's deviations in one."""
    return four_decimals(sum((w * (means[c] + deviations[c]) for c, w in weights.items()), ZERO))


def drawn_deviation(method: MethodTwo, weights: Mapping[str, Fraction], deviations: Mapping[str, Fraction]) -> Fraction:
    """Return e, the drawn channels' deviations in one; 0 where none is used."""
    drawn = [c for c in weights if method.channels[c].drawn]
    weight = sum((weights[c] for c in drawn), ZERO)
    return sum((weights[c] * deviations[c] for c in drawn), ZERO) / weight if drawn else ZERO


def capped(method: MethodTwo, deviation: Fraction, e: Fraction) -> Fraction:
    """Return a deviation held within the cap around the drawn one.

    Rounded again, for e and C may have more decimals: what is published is what is computed with.
    """
    return four_decimals(max(e - method.cap, min(deviation, e + method.cap)))


def _section(
    method: MethodTwo, weights: Mapping[str, Fraction], means: Mapping[str, Fraction], cells: Mapping[str, Part]
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    k, drawn = method.prior_ballots, [c for c in weights if method.channels[c].drawn]

    def deviation(channel: str, added: Fraction) -> Fraction:
        part = cells[channel]
        return four_decimals((part.total - part.lines * means[channel] + added) / (part.lines + k))

    of_drawn = {c: deviation(c, ZERO) for c in drawn}
    e = drawn_deviation(method, weights, of_drawn)
    free = {c: of_drawn[c] if c in of_drawn else deviation(c, k * method.follow * e) for c in weights}
    return free, {c: capped(method, f, e) if drawn and c not in drawn else f for c, f in free.items()}


def _capped_part(method: MethodTwo, cell: Cell) -> Part:
    scores = [(method.points(q), times) for q, times in cell.histogram.items()]
    return _part(method, cell.lines, sum(y * n for y, n in scores), sum(y * y * n for y, n in scores))


def _corrected_parts(method: MethodTwo, ballots: Ballots, channel: str, sections: set[str]) -> dict[CellKey, Part]:
    sheets = within(ballots.sheets.get(channel, {}), sections)
    sums = {section: [0, 0, 0] for section in sections}
    for sheet, scores in correct(method, sheets).scores.items():
        times = sheets[sheet]
        for (section, _), y in zip(sheet, scores, strict=True):
            of = sums[section]
            of[0], of[1], of[2] = of[0] + times, of[1] + y * times, of[2] + y * y * times
    return {(section, channel): _part(method, *of) for section, of in sums.items()}


def _part(method: MethodTwo, lines: int, total: int, squares: int) -> Part:
    return Part(lines, Fraction(total, method.unit), Fraction(squares, method.unit**2))


def _spread(method: MethodTwo, deviations: Deviations) -> Spread:
    """Return the variance of one line in every visible cell, and pooled in every used channel."""
    about = {key: part.squares - part.total**2 / part.lines for key, part in deviations.visible.items()}
    pooled, lines = {}, {key: part.lines for key, part in deviations.visible.items()}
    for channel in deviations.weights:
        keys = [key for key in about if key[1] == channel]
        squares = sum((about[key] for key in keys), ZERO)
        pooled[channel] = (method.v_prior + squares) / (1 + sum(lines[key] - 1 for key in keys))
    of_line = {}
    for key, squares in about.items():
        freedom = method.nu0 + lines[key] - 1
        of_line[key] = (method.nu0 * pooled[key[1]] + squares) / freedom if freedom else pooled[key[1]]
    gaps = {
        (section, channel): part.total / part.lines - deviations.means[channel]
        for (section, channel), part in deviations.visible.items()
    }
    return Spread(method.prior_ballots, pooled, of_line, lines, gaps)
