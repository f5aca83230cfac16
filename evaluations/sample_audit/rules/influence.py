"""How far wrongly recorded ballots can move one section against another (docs/sample-audit.md 2).

Every number is an upper bound whatever the ballots in question should have said, however many sections they should
have rated, and whichever cells thereby become visible or hidden. Whole millionths of a point, rounded up.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import ceil

from evaluations.scoring.index import ZERO
from evaluations.scoring.nc2.ballots import Ballots, Sheet
from evaluations.scoring.nc2.index import Deviations, drawn_deviation
from evaluations.scoring.nc2.method import DECIMALS, MethodTwo
from evaluations.scoring.nc2.strictness import correct, within

POINT = 1_000_000
# What two of the method's roundings add to a difference.
ROUNDED = 2 * POINT // DECIMALS
Moves = Callable[[int], int | None]


@dataclass(frozen=True)
class Cells:
    """The cells of a channel while `wrong` of its ballots may be wrong: surely visible, perhaps, or (others) never."""

    wrong: int
    lines: Mapping[str, int]
    sure: frozenset[str]
    perhaps: frozenset[str]

    def exchange(self, section: str, span: int, prior: int) -> int:
        """Return how far wrong lines move a section's mean with `prior` added lines; `span` = range of a line."""
        lines = self.lines.get(section, 0)
        if section in self.sure:
            return _divided(self.wrong * span, lines + prior)
        if section in self.perhaps:
            return _divided((lines + self.wrong) * span, lines + self.wrong + prior)
        return 0

    def mean(self, span: int, most_lines: int, others: Mapping[str, int]) -> int:
        """Return how far the channel's mean moves: wrong lines, cells that toggle, `others` = sums of right lines."""
        widest = sorted((_divided(span, self.lines[s]) for s in self.sure), reverse=True)[:most_lines]
        by_others = sum(_divided(moved, self.lines[s]) for s, moved in others.items())
        toggled = min(len(self.perhaps), self.wrong * most_lines)
        by_cells = _divided(span * toggled, len(self.sure) + toggled)
        return min(span, _divided(self.wrong * sum(widest) + by_others, len(self.sure)) + by_cells + ROUNDED)


@dataclass(frozen=True)
class Drift:
    """What wrong ballots of a drawn channel can do.

    `span` = range of a corrected line, `others` = section -> sum by which the right ballots' lines can move because
    their strictness does, `mean` = how far the channel's mean M can move.
    """

    cells: Cells
    span: int
    others: Mapping[str, int]
    mean: int

    def moves(self, section: str, prior: int, share_of_mean: int) -> int:
        """Return how far a section's mean or deviation moves; M counts like `share_of_mean` of its lines."""
        if section not in self.cells.sure:
            return self.cells.exchange(section, self.span, prior) + self.mean + ROUNDED
        whole = self.cells.wrong * self.span + self.others[section] + share_of_mean * self.mean
        return _divided(whole, self.cells.lines[section] + prior) + ROUNDED


class Influence:
    """Bounds for one count; `most_lines` = channel -> sections that one ballot may rate."""

    def __init__(
        self, method: MethodTwo, ballots: Ballots, deviations: Deviations, most_lines: Mapping[str, int]
    ) -> None:
        self.method, self.ballots, self.deviations = method, ballots, deviations
        self.most_lines = {c: min(most_lines[c], len(method.sections)) for c in method.channels}
        self.drawn = [c for c in deviations.weights if method.channels[c].drawn]
        self.line_cap = ceil(method.line_cap * POINT)
        self._lines: dict[str, dict[str, int]] = defaultdict(dict)
        for (section, channel), cell in ballots.cells.items():
            self._lines[channel][section] = cell.lines
        self._cells: dict[tuple[str, int], Cells] = {}
        self._sweep_means: dict[tuple[str, int], dict[str, int]] = {}
        self._others_means: dict[tuple[str, int], int] = {}
        self._drifts: dict[tuple[str, int], Drift | None] = {}

    def per_ballot(self, pair: tuple[str, str], margin: Fraction, counted: Mapping[str, int]) -> dict[str, Fraction]:
        """Return channel -> D, points by which one wrong ballot can bring the pair closer together.

        As long as m D of all channels stay below `margin`, m wrong ballots of a channel move the pair by at most m D.
        """
        limit = int(margin * POINT)
        found, reach = {}, dict.fromkeys(pair, 0)
        for channel in self.drawn:
            found[channel], wrong = _steepest(partial(self._by_drawn, channel, pair), limit, counted[channel])
            reach = {s: moved + self._of_e(channel, wrong, s) for s, moved in reach.items()}
        for channel in self.method.channels:
            if channel not in self.drawn:
                found[channel] = self._per_other_ballot(channel, pair, reach, limit, counted[channel])
        return {channel: each / POINT for channel, each in found.items()}

    def _per_other_ballot(
        self, channel: str, pair: tuple[str, str], reach: Mapping[str, int], limit: int, counted: int
    ) -> Fraction:
        """Bound a channel that is not drawn, first with the range of a line alone, which tells how far e and M move."""
        plain = dict.fromkeys(pair, self.line_cap)
        _, wrong = _steepest(partial(self._by_other, channel, plain), limit, counted)
        spans = {s: self._span(channel, wrong, s, moved) for s, moved in reach.items()}
        return _steepest(partial(self._by_other, channel, spans), limit, counted)[0]

    def _by_drawn(self, channel: str, pair: tuple[str, str], wrong: int) -> int | None:
        drift = self._drift(channel, wrong)
        if drift is None:
            return None
        return sum(self._section_by_drawn(channel, drift, section) for section in pair)

    def _section_by_drawn(self, channel: str, drift: Drift, section: str) -> int:
        """Return how far a section's index moves, also through the channels that follow its drawn deviation."""
        k, weights = self.method.prior_ballots, self.deviations.weights
        moved = weights[channel] * drift.moves(section, k, k)
        e = self._of_e(channel, drift.cells.wrong, section)
        followers = (c for c in weights if c not in self.drawn)
        for other in followers:
            followed, uncapped = self._follow(other, section) * e, Fraction(e - self._room(other, section))
            moved += weights[other] * max(followed, uncapped)
        return ceil(moved)

    def _of_e(self, channel: str, wrong: int, section: str) -> int:
        """Return how far the drawn deviation of a section moves."""
        drift, weights = self._drift(channel, wrong), self.deviations.weights
        if drift is None:
            return self.line_cap * (self.method.rater_sweeps + 1)
        share = weights[channel] / sum(weights[c] for c in self.drawn)
        lines = drift.cells.lines.get(section, 0)
        return ceil(share * drift.moves(section, self.method.prior_ballots, lines))

    def _follow(self, channel: str, section: str) -> Fraction:
        """Return how much of a move of e an uncapped channel takes over."""
        part, k = self.deviations.visible.get((section, channel)), self.method.prior_ballots
        return self.method.follow * Fraction(k, (part.lines if part else 0) + k)

    def _room(self, channel: str, section: str) -> int:
        """Return how far a channel's deviation is from its cap; beyond it the channel takes over all of e's move."""
        e = drawn_deviation(self.method, self.deviations.weights, self.deviations.final[section])
        return int(max(ZERO, self.method.cap - abs(self.deviations.free[section][channel] - e)) * POINT)

    def _by_other(self, channel: str, spans: Mapping[str, int], wrong: int) -> int | None:
        """Bound a channel that is not drawn: the section's own lines, at most the width of the cap, and M."""
        cells = self._cells_with(channel, wrong)
        if channel not in self.deviations.weights:
            return None if cells.perhaps else 0
        if not cells.sure:
            return None
        own = [cells.exchange(section, span, self.method.prior_ballots) for section, span in spans.items()]
        if self.drawn:
            own = [min(moved, ceil(2 * self.method.cap * POINT)) for moved in own]
        mean = self._mean_by_other(channel, wrong)
        return ceil(self.deviations.weights[channel] * (sum(own) + mean + 2 * ROUNDED))

    def _span(self, channel: str, wrong: int, section: str, e_moves: int) -> int:
        """Return the range of a section's lines together with the added ones, at M and the part of e they follow."""
        if channel not in self.deviations.weights:
            return self.line_cap
        follow = self.method.follow
        e = drawn_deviation(self.method, self.deviations.weights, self.deviations.final[section])
        added = (self.deviations.means[channel] + follow * e) * POINT
        slack = follow * e_moves + self._mean_by_other(channel, wrong)
        return ceil(max(added + slack, Fraction(self.line_cap)) - min(added - slack, ZERO))

    def _mean_by_other(self, channel: str, wrong: int) -> int:
        key = channel, wrong
        if key not in self._others_means:
            cells = self._cells_with(channel, wrong)
            mean = cells.mean(self.line_cap, self.most_lines[channel], {}) if cells.sure else self.line_cap
            self._others_means[key] = mean
        return self._others_means[key]

    def _cells_with(self, channel: str, wrong: int) -> Cells:
        key = channel, wrong
        if key not in self._cells:
            lines, least = self._lines[channel], self.method.cell_min_lines
            sure = frozenset(s for s, n in lines.items() if n >= least + wrong)
            perhaps = frozenset(s for s in self.method.sections if lines.get(s, 0) >= least - wrong) - sure
            self._cells[key] = Cells(wrong, lines, sure, perhaps)
        return self._cells[key]

    def _drift(self, channel: str, wrong: int) -> Drift | None:
        """Return what wrong ballots of a drawn channel can do; None if they might leave it no visible cell."""
        key = channel, wrong
        if key not in self._drifts:
            cells = self._cells_with(channel, wrong)
            self._drifts[key] = self._swept(channel, cells) if cells.sure else None
        return self._drifts[key]

    def _swept(self, channel: str, cells: Cells) -> Drift:
        """Follow the drift through the sweeps: a sweep's means move the strictness, and this moves the next means."""
        shares = self._shares(within(self.ballots.sheets.get(channel, {}), cells.sure | cells.perhaps))
        others, lowest = dict.fromkeys(cells.sure, 0), 0
        for sweep in range(1, self.method.rater_sweeps + 1):
            span = self.line_cap - lowest
            by_others = {s: _divided(moved, cells.lines[s]) + ROUNDED for s, moved in others.items()}
            touched = {s: min(span, _divided(cells.wrong * span, cells.lines[s])) for s in cells.sure}
            means, most = self._counted_means(channel, sweep), cells.wrong * self.most_lines[channel]
            floors = [max(lowest, means[s] - touched[s] - by_others[s]) for s in cells.sure]
            touched |= dict.fromkeys(cells.perhaps, self.line_cap + span)
            others = {s: _drift_of(shares[s], by_others, touched, most) + cells.lines[s] * ROUNDED for s in cells.sure}
            lowest = -self._most_strictness(channel, floors + [lowest] * len(cells.perhaps))
        span = self.line_cap - lowest
        return Drift(cells, span, others, cells.mean(span, self.most_lines[channel], others))

    def _shares(self, sheets: Mapping[Sheet, int]) -> dict[str, Counter[str]]:
        """Return section -> other section -> how much of the other's drift the section's lines take over together."""
        prior = self.method.rater_prior
        shares: dict[str, Counter[str]] = defaultdict(Counter)
        for sheet, times in sheets.items():
            each = ceil(times * POINT / (len(sheet) - 1 + prior)) if len(sheet) > 1 else 0
            for section, _ in sheet:
                row = shares[section]
                for other, _ in sheet:
                    row[other] += each
        for section, row in shares.items():
            del row[section]
        return shares

    def _counted_means(self, channel: str, sweep: int) -> dict[str, int]:
        """Return the means of the visible cells that were used in a sweep of the count."""
        key = channel, sweep
        if key not in self._sweep_means:
            self._sweep_means[key] = self._swept_means(channel, sweep)
        return self._sweep_means[key]

    def _swept_means(self, channel: str, sweep: int) -> dict[str, int]:
        visible = {section for section, of in self.deviations.visible if of == channel}
        sheets = within(self.ballots.sheets.get(channel, {}), visible)
        means = correct(replace(self.method, rater_sweeps=sweep), sheets).means
        return {section: mean * (POINT // DECIMALS) for section, mean in means.items()}

    def _most_strictness(self, channel: str, floors: Sequence[int]) -> int:
        """Return the most that can be taken off a line: all other lines at the cap, for the sections with least means.

        `floors` = how low the mean of each section can be.
        """
        most, whole = Fraction(0), 0
        for lines, floor in enumerate(sorted(floors)[: self.most_lines[channel] - 1], start=1):
            whole += self.line_cap - floor
            most = max(most, whole / (lines + self.method.rater_prior))
        return ceil(most)


def _drift_of(shares: Mapping[str, int], by_others: Mapping[str, int], touched: Mapping[str, int], most: int) -> int:
    """Add up the drift that a section's lines take over; wrong ballots touch at most `most` sections."""
    widest = sorted((share * touched[other] for other, share in shares.items()), reverse=True)[:most]
    rest = sum(share * by_others.get(other, 0) for other, share in shares.items())
    return _divided(sum(widest) + rest, POINT)


def _steepest(moves: Moves, limit: int, counted: int) -> tuple[Fraction, int]:
    """Return the least D with moves(m) <= m D, and the m at which m D reaches the limit: up to there it was looked."""
    steepest, wrong = Fraction(0), 0
    while wrong < counted and wrong * steepest < limit:
        wrong += 1
        moved = moves(wrong)
        steepest = max(steepest, Fraction(limit if moved is None else moved, wrong))
    return steepest, wrong


def _divided(number: int, by: int) -> int:
    """Return number / by, rounded up."""
    return -(-number // by)
