"""From scores to places: order, ties, vetoes, rank intervals (method.md 2.5, 2.6, 3.1, 3.4).

Exact throughout: no square root, no float, no lot. With basis `vote_count` the votes (得票数) come before the
rest of the order; intervals refer to the index, so result.json gives none for such a list.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from evaluations.scoring.counting import EMPTY, Cell, CellKey
from evaluations.scoring.index import Scores, four_decimals, score_sections, severe_share, trim, variances
from evaluations.scoring.method import Method

SortKey = tuple[Fraction, ...]


def ranked_sections(method: Method, cells: Mapping[CellKey, Cell]) -> tuple[str, ...]:
    """Return the sections with enough valid lines; the others are 样本不足 unless a veto lists them."""
    return tuple(section for section in method.sections if _has_enough(method, cells, section))


def vote_count(method: Method, cells: Mapping[CellKey, Cell], section: str) -> int:
    """Return 得票数: counted ballots with at least one severe answer for the section, valid line or not."""
    return sum(cells.get((section, c), EMPTY).votes for c in method.channels)


def places(method: Method, cells: Mapping[CellKey, Cell], scores: Scores, ranked: Iterable[str]) -> dict[str, int]:
    """Return the rank of every ranked or vetoed section: "1, 2, 2, 4"; vetoed ones first.

    The cells give the votes and the shares of severe lines, the scores all the rest of the order.
    """
    keys = {section: _sort_key(method, cells, scores, section) for section in {*ranked, *method.vetoes}}
    return {section: 1 + sum(other > key for other in keys.values()) for section, key in keys.items()}


def trimmed_places(method: Method, cells: Mapping[CellKey, Cell], ranked: Sequence[str]) -> dict[str, int]:
    """Return the places when each drawn cell loses the top and bottom tenth of its lines; same sections."""
    trimmed = {key: trim(cell) if key[1] in method.drawn_channels else cell for key, cell in cells.items()}
    # A histogram does not show which lines are severe: votes and severe shares stay the official ones.
    return places(method, cells, score_sections(method, trimmed), ranked)


def intervals(
    method: Method, cells: Mapping[CellKey, Cell], scores: Scores, ranked: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return each placed section's rank interval: 1 + clearly harder ones, and all minus clearly easier ones.

    A vetoed section counts as clearly harder than every other; among vetoed ones their scores decide.
    """
    spread = variances(method, cells, scores)
    value = {section: four_decimals(scores.sections[section].value) for section in {*ranked, *method.vetoes}}

    def clearly_harder(one: str, other: str) -> bool:
        if (one in method.vetoes) != (other in method.vetoes):
            return one in method.vetoes
        gap = value[one] - value[other]
        return gap > 0 and gap**2 > method.z**2 * (spread[one] + spread[other])

    return {
        section: (
            1 + sum(clearly_harder(other, section) for other in value),
            len(value) - sum(clearly_harder(section, other) for other in value),
        )
        for section in value
    }


def _has_enough(method: Method, cells: Mapping[CellKey, Cell], section: str) -> bool:
    lines = {c: cells.get((section, c), EMPTY).lines for c in method.channels}
    drawn = sum(lines[c] for c in method.drawn_channels)
    return sum(lines.values()) >= method.min_lines and drawn >= method.min_drawn_lines


def _sort_key(method: Method, cells: Mapping[CellKey, Cell], scores: Scores, section: str) -> SortKey:
    score, vetoed = scores.sections[section], section in method.vetoes
    # Several vetoed sections stand in order of difficulty on either basis (R-E).
    counts = method.basis == "vote_count" and not vetoed
    votes = vote_count(method, cells, section) if counts else 0
    return (
        Fraction(vetoed),
        Fraction(votes),
        four_decimals(score.value),
        four_decimals(score.drawn_deviation),
        severe_share(method, cells, section),
    )
