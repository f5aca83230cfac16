"""result.json: the whole outcome of a count, equal to the byte for equal input (method.md 4.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluations.scoring.counting import EMPTY, Cell, CellKey
from evaluations.scoring.index import Scores, four_decimals, score_indicator, score_sections, severe_share, variances
from evaluations.scoring.method import METHOD, Indicator, Method
from evaluations.scoring.ranking import intervals, places, ranked_sections, trimmed_places, vote_count
from evaluations.scoring.uncertainty import top_probabilities

CERTAIN, WITHIN_MARGIN, TOO_FEW, VETOED = "明确", "误差范围内", "样本不足", "一票否决"
# Not part of the result: shown to office and commission beside a section just below the list.
CRITICAL, CRITICAL_FROM = "临界", Fraction(1, 10)


@dataclass(frozen=True)
class Count:
    """All figures of a count, before they are formatted."""

    method: Method
    cells: Mapping[CellKey, Cell]
    scores: Scores
    ranks: Mapping[str, int]
    trimmed: Mapping[str, int]
    intervals: Mapping[str, tuple[int, int]]
    chances: Mapping[str, float]
    indicators: Mapping[str, Scores]


def build_result(method: Method, cells: Mapping[CellKey, Cell]) -> dict[str, Any]:
    """Return result.json as a document: sections by rank, then code; those not ranked last."""
    count = _count(method, cells)
    order = sorted(method.sections, key=lambda s: (count.ranks.get(s, len(method.sections) + 1), s))
    return {
        "method": METHOD,
        "channel_means": {channel: decimal(mean) for channel, mean in count.scores.means.items()},
        "sections": [_section(count, section) for section in order],
    }


def decimal(value: Fraction) -> str:
    """Return four decimals, half away from zero, never "-0.0000"."""
    rounded = four_decimals(value)
    digits = f"{abs(rounded.numerator) * 10_000 // rounded.denominator:05d}"
    return f"{'-' if rounded < 0 else ''}{digits[:-4]}.{digits[-4:]}"


def _count(method: Method, cells: Mapping[CellKey, Cell]) -> Count:
    scores = score_sections(method, cells)
    ranked = ranked_sections(method, cells)
    certain = method.basis == "difficulty"
    return Count(
        method=method,
        cells=cells,
        scores=scores,
        ranks=places(method, cells, scores, ranked),
        trimmed=trimmed_places(method, cells, ranked),
        # The intervals refer to the index; a list by votes has none.
        intervals=intervals(method, cells, scores, ranked) if certain else {},
        chances=_chances(method, cells, scores, ranked) if certain else {},
        indicators={i.value: score_indicator(method, cells, i) for i in Indicator},
    )


def _chances(method: Method, cells: Mapping[CellKey, Cell], scores: Scores, ranked: Iterable[str]) -> dict[str, float]:
    free = [section for section in ranked if section not in method.vetoes]
    spread = variances(method, cells, scores)
    values = {section: four_decimals(scores.sections[section].value) for section in free}
    seats = method.list_length - len(method.vetoes)
    return top_probabilities(values, spread, seats) | dict.fromkeys(method.vetoes, 1.0)


def _section(count: Count, section: str) -> dict[str, Any]:
    score, rank = count.scores.sections[section], count.ranks.get(section)
    low, high = count.intervals.get(section, (None, None))
    chance = count.chances.get(section)
    return {
        "section": section,
        "rank": rank,
        "listed": _is_listed(count, section),
        "label": _label(count, section),
        "difficulty": decimal(score.value),
        "drawn_deviation": decimal(score.drawn_deviation),
        "severe_share": decimal(severe_share(count.method, count.cells, section)),
        "rank_low": low,
        "rank_high": high,
        "p_top": None if chance is None else decimal(Fraction(chance)),
        "lines": {c: count.cells.get((section, c), EMPTY).lines for c in count.method.channels},
        "vote_count": vote_count(count.method, count.cells, section),
        "capped": list(score.capped),
        "trimmed_rank": count.trimmed.get(section),
        "indicators": {i: decimal(scores.sections[section].value) for i, scores in count.indicators.items()},
    }


def _is_listed(count: Count, section: str) -> bool:
    """True within the list's places, and for every vetoed section even if vetoes outnumber the places."""
    rank = count.ranks.get(section)
    return section in count.method.vetoes or (rank is not None and rank <= count.method.list_length)


def _label(count: Count, section: str) -> str:
    if section in count.method.vetoes:
        return VETOED
    if section not in count.ranks:
        return TOO_FEW
    if not _is_listed(count, section) or section not in count.intervals:
        return ""
    return CERTAIN if count.intervals[section][1] <= count.method.list_length else WITHIN_MARGIN
