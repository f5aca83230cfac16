"""Change between two rounds of NC-2, and around the cut over several (method-2.md 5), from public figures only."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, isqrt
from statistics import median
from typing import Any

from evaluations.scoring.index import ZERO
from evaluations.scoring.nc2.cells_file import parse_cells, rulebook_digest
from evaluations.scoring.nc2.index import Figures
from evaluations.scoring.nc2.method import METHOD, MethodTwo, parse_method_two
from evaluations.scoring.nc2.ranking import Standing, sampling_variance, standings
from evaluations.scoring.result import decimal

BETTER, WORSE, UNCHANGED = "好转", "变差", "无明显变化"
FASTER, SLOWER, NO_DIFFERENCE, TOO_FEW_ROUNDS = "上榜后改进快于榜外", "上榜后改进慢于榜外", "看不出差别", "轮次不足"
FEWEST_SECTIONS, FEWEST_PAIRS, GROUP, FEWEST_IN_GROUP = 20, 6, 5, 3
# Rounds that differ in one of these measure different things.
SAME = (
    *("levels", "min_answered", "indicator_weights", "channels", "line_cap", "rater_sweeps", "rater_prior"),
    *("cell_min_lines", "prior_ballots", "follow", "cap"),
)


@dataclass(frozen=True)
class Counted:
    """A counted round: its method, the figures of cells.json and the digest of its rulebook."""

    method: MethodTwo
    figures: Figures
    digest: str

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """Every section's outcome."""
        return standings(self.method, self.figures)


@dataclass(frozen=True)
class SectionChange:
    """What the index would be had nothing changed, what it is; width of the gain's interval in hundredths."""

    expected: Fraction
    actual: Fraction
    width: int
    label: str

    @property
    def gain(self) -> Fraction:
        return self.expected - self.actual


@dataclass(frozen=True)
class Change:
    """Two rounds compared over the sections ranked in both; no medians and no sections if they are not comparable."""

    compared: int
    medians: tuple[Fraction, Fraction] | None
    sections: Mapping[str, SectionChange]


@dataclass(frozen=True)
class AroundCut:
    """Whether sections just above the cut gained more than those just below; figures only from six pairs on."""

    pairs: int
    effect: Fraction | None
    width: int | None
    label: str


def read_round(cells: Any, rulebook: Mapping[str, Any]) -> Counted:
    """Read a round from its published files; a faulty one is a CellsFileError or a RulebookError."""
    method, digest = parse_method_two(rulebook), rulebook_digest(rulebook)
    return Counted(method, parse_cells(cells, method, digest), digest)


def different_settings(old: Counted, new: Counted) -> list[str]:
    """Return the settings that keep two rounds from being compared."""
    return [key for key in SAME if getattr(old.method, key) != getattr(new.method, key)]


def compare(old: Counted, new: Counted, left_out: Container[str] = ()) -> Change:
    """Compare a section with itself in the round before, corrected for the regression to the mean.

    `left_out` = sections that are no longer what they were under the same code.
    """
    before, after = old.standings, new.standings
    ranked = [s for s in before if before[s].score.has_enough and s in after and after[s].score.has_enough]
    both = [s for s in ranked if s not in left_out]
    if len(both) < FEWEST_SECTIONS or different_settings(old, new):
        return Change(len(both), None, {})
    was, now = {s: before[s].score.index for s in both}, {s: after[s].score.index for s in both}
    middle, new_middle = median(was.values()), median(now.values())
    own = {s: (sampling_variance(old.figures, s), sampling_variance(new.figures, s)) for s in both}
    true_spread = max(ZERO, _variance(list(was.values())) - sum((q for q, _ in own.values()), ZERO) / len(both))
    sections = {}
    for s in both:
        q, new_q = own[s]
        held = true_spread / (true_spread + q) if true_spread else ZERO
        expected, limit = new_middle + held * (was[s] - middle), new.method.z**2 * (held * q + new_q)
        rise = (now[s] - new_middle) - (was[s] - middle)
        is_worse = rise > 0 and rise**2 > new.method.z**2 * (q + new_q)
        label = _label(expected - now[s], limit, is_worse=is_worse)
        sections[s] = SectionChange(expected, now[s], hundredths_of_root(limit), label)
    return Change(len(both), (middle, new_middle), sections)


def change_document(old: Counted, new: Counted) -> dict[str, Any]:
    """Return change.json as a document."""
    change = compare(old, new)
    head = {"method": METHOD, "old": old.digest, "new": new.digest, "compared": change.compared}
    if change.medians is None:
        return head | {"comparable": False}
    middle, new_middle = change.medians
    return head | {
        "comparable": True,
        "median_old": decimal(middle),
        "median_new": decimal(new_middle),
        "sections": [_row(section, row) for section, row in sorted(change.sections.items())],
    }


def gap_at_cut(method: MethodTwo, before: Mapping[str, Standing], change: Change) -> tuple[Fraction, Fraction] | None:
    """Return how much more the last places of the old list gained than the next ones, and its variance.

    None if too few of either are in both rounds.
    """
    places = {
        s: place
        for s, row in before.items()
        if (place := row.place) and s in change.sections and s not in method.vetoes
    }
    last = method.list_length
    above, below = (
        [change.sections[s].gain for s, place in places.items() if first < place <= first + GROUP]
        for first in (last - GROUP, last)
    )
    if min(len(above), len(below)) < FEWEST_IN_GROUP:
        return None
    gap = sum(above, ZERO) / len(above) - sum(below, ZERO) / len(below)
    return gap, _variance(above) / len(above) + _variance(below) / len(below)


def around_cut(gaps: Sequence[tuple[Fraction, Fraction]], z: Fraction) -> AroundCut:
    """Sum up the gaps of consecutive pairs of rounds; it speaks only of sections near the cut."""
    if len(gaps) < FEWEST_PAIRS:
        return AroundCut(len(gaps), None, None, TOO_FEW_ROUNDS)
    effect = sum((gap for gap, _ in gaps), ZERO) / len(gaps)
    limit = z**2 * sum((variance for _, variance in gaps), ZERO) / len(gaps) ** 2
    label = (FASTER if effect > 0 else SLOWER) if effect**2 > limit else NO_DIFFERENCE
    return AroundCut(len(gaps), effect, hundredths_of_root(limit), label)


def hundredths_of_root(square: Fraction) -> int:
    """Return the smallest whole number of hundredths whose square is not below `square`."""
    whole = ceil(square * 100**2)
    return isqrt(whole - 1) + 1 if whole else 0


def two_decimals(hundredths: int) -> str:
    """Return 395 as 3.95."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _label(gain: Fraction, limit: Fraction, *, is_worse: bool) -> str:
    if gain > 0 and gain**2 > limit:
        return BETTER
    return WORSE if is_worse else UNCHANGED


def _row(section: str, row: SectionChange) -> dict[str, str]:
    return {
        "section": section,
        "expected": decimal(row.expected),
        "actual": decimal(row.actual),
        "gain": decimal(row.gain),
        "width": two_decimals(row.width),
        "label": row.label,
    }


def _variance(values: Sequence[Fraction]) -> Fraction:
    mean = sum(values, ZERO) / len(values)
    return sum(((value - mean) ** 2 for value in values), ZERO) / (len(values) - 1)
