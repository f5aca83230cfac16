"""The settings of score method NC-2 read from rulebook.json, and its whole parts of a point (method-2.md 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

from evaluations.scoring.method import RulebookError, Settings, rational, shared_settings, whole
from nanchuan_eval.core.faults import shortened

METHOD = "NC-2"
BASIS = "difficulty"
MOST_POINTS = 100
MOST_SWEEPS = 6
DECIMALS = 10_000


@dataclass(frozen=True)
class MethodTwo(Settings):
    """The scoring part of a rulebook for NC-2."""

    line_cap: Fraction  # B, the most points a line counts
    rater_sweeps: int  # how often the strictness of drawn ballots is estimated; 0 = not at all
    rater_prior: Fraction  # lambda, other lines of average strictness added to a ballot
    cell_min_lines: int  # n0, a cell with fewer valid lines counts as empty
    follow: Fraction  # rho, the part of the drawn deviation at which the added ballots of other channels lie
    pair_min_lines: int  # lines both cells need to tell how far two channels disagree
    pair_min_count: int  # fewer such pairs: between_prior
    between_prior: Fraction  # t0
    between_weight: Fraction  # h, the part of the disagreement that enters a section's variance
    publish_share: Fraction  # g, the part of the sections that must be ranked

    @cached_property
    def unit(self) -> int:
        """The parts of a point in which every line, every four decimals and every half of the way to B are whole."""
        return 2 * lcm(Fraction(MOST_POINTS, self.scale * self.levels).denominator, self.line_cap.denominator, DECIMALS)

    @cached_property
    def most(self) -> int:
        """B in parts of a point."""
        return int(self.line_cap * self.unit)

    def points(self, q: int) -> int:
        """Return a valid line's y in parts of a point from its whole number q."""
        return min(self.most, q * MOST_POINTS * self.unit // (self.scale * self.levels))


def parse_method_two(rulebook: Mapping[str, Any]) -> MethodTwo:
    """Read the scoring part of a rulebook for NC-2; further keys are ignored, any fault is a RulebookError."""
    if not isinstance(rulebook, Mapping):
        raise RulebookError("规则文件应为一个对象。")
    if rulebook.get("method") != METHOD:
        raise RulebookError(f"规则文件的计分方法（method）不是 {METHOD}。")
    shared = shared_settings(rulebook)
    if shared["cap"] > MOST_POINTS:
        raise RulebookError(f"“cap”应为0到{MOST_POINTS}之间的数，实为：{shared['cap']}。")
    if rulebook.get("basis") != BASIS:
        raise RulebookError(f"“basis”只能是 {BASIS}（难办指数），实为：{shortened(rulebook.get('basis'))}。")
    return MethodTwo(
        **shared,
        line_cap=_line_cap(rulebook),
        rater_sweeps=whole(rulebook, "rater_sweeps", 0, MOST_SWEEPS),
        rater_prior=rational(rulebook, "rater_prior"),
        cell_min_lines=whole(rulebook, "cell_min_lines", 1),
        follow=rational(rulebook, "follow", 1),
        pair_min_lines=whole(rulebook, "pair_min_lines", 1),
        pair_min_count=whole(rulebook, "pair_min_count", 1),
        between_prior=rational(rulebook, "between_prior"),
        between_weight=rational(rulebook, "between_weight", 1),
        publish_share=rational(rulebook, "publish_share", 1),
    )


def _line_cap(rulebook: Mapping[str, Any]) -> Fraction:
    cap = rational(rulebook, "line_cap", MOST_POINTS)
    if not cap:
        raise RulebookError("“line_cap”应大于0，实为：0。")
    return cap


def ten_thousandths(numerator: int, denominator: int) -> int:
    """Return numerator / denominator (> 0) in whole ten-thousandths, half away from zero."""
    size = (abs(numerator) * DECIMALS * 2 + denominator) // (denominator * 2)
    return size if numerator >= 0 else -size
