"""How many ballots to compare so that a wrong list would show (docs/sample-audit.md 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluations.sample_audit.rules.influence import POINT, ROUNDED, Influence
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import Standing
from evaluations.scoring.result import CERTAIN

# A sample of more than this part of a channel spares nothing: all of it is compared.
NEARLY_ALL = Fraction(9, 10)
# Ballots are counted in eighths where the sample size is computed.
EIGHTHS = 8
Sizes = dict[str, int]


@dataclass(frozen=True)
class Claim:
    """That a listed section is harder than every ranked one that is not listed, and the sample that confirms it.

    `margin` = least lead in points. The list makes the claim where it says 明确; elsewhere it says itself that the
    section may belong elsewhere, and the size is only information.
    """

    section: str
    margin: Fraction
    is_made: bool
    needed: Sizes


@dataclass(frozen=True)
class Plan:
    """Sample sizes by channel, and the claims behind them."""

    counted: Sizes
    sizes: Sizes
    claims: tuple[Claim, ...]

    @property
    def confirmed(self) -> list[str]:
        """The listed sections that a sample without a difference confirms."""
        return [claim.section for claim in self.claims if self.is_enough(claim)]

    def is_enough(self, claim: Claim) -> bool:
        return all(size <= self.sizes[channel] for channel, size in claim.needed.items())


def plan_sample(
    method: MethodTwo,
    outcome: Mapping[str, Standing],
    influence: Influence,
    counted: Mapping[str, int],
    *,
    risk: Fraction,
    least: int,
) -> Plan:
    """Return how many of the `counted` ballots of each channel to compare, at least `least` of each."""
    free = {s: standing for s, standing in outcome.items() if s not in method.vetoes and standing.place is not None}
    listed = [s for s, standing in free.items() if standing.is_listed]
    others = [s for s, standing in free.items() if not standing.is_listed]
    claims = []
    for section in sorted(listed, key=lambda s: (free[s].place or 0, s)):
        if others:
            claims.append(_claim(section, others, free, influence, counted, risk))
    sizes = {c: min(n, least) for c, n in counted.items()}
    for claim in claims:
        if claim.is_made:
            sizes = {c: max(size, claim.needed[c]) for c, size in sizes.items()}
    return Plan(
        dict(counted), {c: counted[c] if _is_all(n, counted[c]) else n for c, n in sizes.items()}, tuple(claims)
    )


def sample_size(ballots: int, margin: Fraction, each: Fraction, risk: Fraction) -> int:
    """Return the least n with (1 - n/ballots)^(margin/each) <= risk; the exponent is at least 1, for one is wrong."""
    if not each or not ballots:
        return 0
    exponent = min(max(EIGHTHS, int(EIGHTHS * margin / each)), EIGHTHS * ballots)
    limit = risk.numerator**EIGHTHS * ballots**exponent
    low, high = 0, ballots
    while low < high:
        middle = (low + high) // 2
        if (ballots - middle) ** exponent * risk.denominator**EIGHTHS <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def _claim(
    section: str,
    others: list[str],
    outcome: Mapping[str, Standing],
    influence: Influence,
    counted: Mapping[str, int],
    risk: Fraction,
) -> Claim:
    needed: Sizes = dict.fromkeys(counted, 0)
    least = min(outcome[section].score.index - outcome[other].score.index for other in others)
    for other in others:
        margin = outcome[section].score.index - outcome[other].score.index - Fraction(ROUNDED, POINT)
        if margin <= 0:
            needed = dict(counted)
            break
        each = influence.per_ballot((section, other), margin, counted)
        for channel, ballots in counted.items():
            needed[channel] = max(needed[channel], sample_size(ballots, margin, each[channel], risk))
    return Claim(section, least, outcome[section].label == CERTAIN, needed)


def _is_all(size: int, counted: int) -> bool:
    return size > NEARLY_ALL * counted
