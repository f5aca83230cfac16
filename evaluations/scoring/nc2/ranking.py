"""From the published figures to index, place, interval, label and gate (method-2.md 2.5, 2.7, 3).

Needs a round's figures and rulebook only: the count and a stranger's recount run the same code.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

from evaluations.scoring.index import DECIMALS, ZERO, four_decimals
from evaluations.scoring.nc2.index import CellFigures, Figures, difficulty_index, drawn_deviation
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.result import CERTAIN, TOO_FEW, VETOED, WITHIN_MARGIN
from evaluations.scoring.uncertainty import top_probabilities


@dataclass(frozen=True)
class Score:
    """S, R(e) and the variance s squared of one section, whether or not it is ranked; has_enough = enough lines."""

    index: Fraction
    drawn_deviation: Fraction
    variance: Fraction
    has_enough: bool


@dataclass(frozen=True)
class Standing:
    """One section's outcome; place is None where it has none, the interval is among all sections of the round."""

    score: Score
    place: int | None
    is_listed: bool
    interval: tuple[int, int]
    label: str

    @property
    def published_interval(self) -> tuple[int | None, int | None]:
        """Return the interval as the files tell it: of a section without enough lines they tell none."""
        return self.interval if self.score.has_enough else (None, None)


@dataclass(frozen=True)
class Publication:
    """The gate: how many sections there are, are ranked, and must be ranked before the list may be published."""

    sections: int
    ranked: int
    needed: int

    @property
    def is_allowed(self) -> bool:
        return self.ranked >= self.needed


def standings(method: MethodTwo, figures: Figures) -> dict[str, Standing]:
    """Return every section's outcome."""
    scores = {section: _score(method, figures, section) for section in method.sections}
    ranks, spans = _places(method, scores), _intervals(method, scores)
    found = {}
    for section, score in scores.items():
        place = ranks.get(section)
        is_listed = section in method.vetoes or (place is not None and place <= method.list_length)
        label = _label(method, section, score, is_listed=is_listed, high=spans[section][1])
        found[section] = Standing(score, place, is_listed, spans[section], label)
    return found


def publication(method: MethodTwo, outcome: Mapping[str, Standing]) -> Publication:
    """Return whether enough sections have enough lines; vetoed ones count like any other."""
    ranked = sum(standing.score.has_enough for standing in outcome.values())
    return Publication(len(outcome), ranked, ceil(method.publish_share * len(outcome)))


def chances(method: MethodTwo, outcome: Mapping[str, Standing]) -> dict[str, float]:
    """Return the probability of belonging to the list (the only float), over all sections that are not vetoed."""
    free = {section: standing.score for section, standing in outcome.items() if section not in method.vetoes}
    return top_probabilities(
        {section: score.index for section, score in free.items()},
        {section: score.variance for section, score in free.items()},
        method.list_length - len(method.vetoes),
    ) | dict.fromkeys(method.vetoes, 1.0)


def section_variance(method: MethodTwo, figures: Figures, section: str) -> Fraction:
    """Return s squared: what sampling and the channels' disagreement leave open about a section's index."""
    return sampling_variance(figures, section) + method.between_weight * figures.between


def sampling_variance(figures: Figures, section: str) -> Fraction:
    """Return the variance of a section's index without the channels' disagreement."""
    return sum((w**2 * figures.cells[section][c].variance for c, w in figures.weights.items()), ZERO)


def _score(method: MethodTwo, figures: Figures, section: str) -> Score:
    cells = figures.cells[section]
    deviations = {c: cell.deviation for c, cell in cells.items()}
    return Score(
        index=difficulty_index(figures.weights, figures.means, deviations),
        drawn_deviation=four_decimals(drawn_deviation(method, figures.weights, deviations)),
        variance=section_variance(method, figures, section),
        has_enough=_has_enough(method, cells),
    )


def _has_enough(method: MethodTwo, cells: Mapping[str, CellFigures]) -> bool:
    """True if the visible lines reach both minimums; where no cell of the round is visible nobody is ranked."""
    lines = {c: cell.lines or 0 for c, cell in cells.items()}
    drawn = sum(n for c, n in lines.items() if method.channels[c].drawn)
    return bool(lines) and sum(lines.values()) >= method.min_lines and drawn >= method.min_drawn_lines


def _places(method: MethodTwo, scores: Mapping[str, Score]) -> dict[str, int]:
    keys = {
        section: (section in method.vetoes, int(score.index * DECIMALS), int(score.drawn_deviation * DECIMALS))
        for section, score in scores.items()
        if score.has_enough or section in method.vetoes
    }
    order = sorted(keys.values(), reverse=True)
    return {section: 1 + order.index(key) for section, key in keys.items()}


def _intervals(method: MethodTwo, scores: Mapping[str, Score]) -> dict[str, tuple[int, int]]:
    """Compare every two sections, in whole numbers: squared gaps and widths over one denominator."""
    limits = {section: method.z**2 * score.variance * DECIMALS**2 for section, score in scores.items()}
    unit = lcm(*(limit.denominator for limit in limits.values()))
    width = {section: int(limit * unit) for section, limit in limits.items()}
    index = {section: int(score.index * DECIMALS) for section, score in scores.items()}

    def clearly_harder(one: str, other: str) -> bool:
        if (one in method.vetoes) != (other in method.vetoes):
            return one in method.vetoes
        gap = index[one] - index[other]
        return gap > 0 and gap**2 * unit > width[one] + width[other]

    pairs = [(one, other) for one in scores for other in scores if clearly_harder(one, other)]
    harder, easier = Counter(other for _, other in pairs), Counter(one for one, _ in pairs)
    return {section: (1 + harder[section], len(scores) - easier[section]) for section in scores}


def _label(method: MethodTwo, section: str, score: Score, *, is_listed: bool, high: int) -> str:
    if section in method.vetoes:
        return VETOED
    if not score.has_enough:
        return TOO_FEW
    if not is_listed:
        return ""
    return CERTAIN if high <= method.list_length < len(method.sections) else WITHIN_MARGIN
