"""What simulated rounds gave: a figure is a sum over a sum of whole numbers of the rounds, with its standard error."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Any

from evaluations.scoring.result import decimal

# What one round adds to a figure: numerator and denominator.
Pair = tuple[int, int]
# A figure's name; of an attack also what is bought and how much of it.
Key = tuple[str | int, ...]
Measured = Mapping[Key, Pair]

MOST_ROUNDS, MOST_SEED = 10_000, 10**18
THIN, MANY = 60, 200  # valid lines: fewer and more than these are looked at by themselves
BOUGHT = (4, 8, 12)
BANDS = ((18, 32), (40, 60), (60, 80), (80, 200))  # drawn lines of the section that is attacked
FAKES = {"sampled": 20, "other": 300}
RESTS = ("kept", "zero")  # what becomes of the other lines of bought ballots
AIMS = ("blame", "praise")  # to list a section, or to keep it off
FIGURES = (
    *("recall", "innocents_listed", "innocent_share", "innocent_share_thin", "innocent_share_many"),
    *("innocent_share_business", "innocent_share_others"),
    *("unranked", "gate_passed", "true_listed_unranked", "certain", "certain_true", "coverage", "coverage_worst"),
)


@dataclass(frozen=True)
class Outcome:
    """How a simulated round ended: sections by number."""

    listed: Set[int]
    certain: Set[int]
    unranked: Set[int]
    intervals: Sequence[tuple[int, int]]
    is_allowed: bool
    lines: Sequence[int]


@dataclass(frozen=True)
class Ranks:
    """The true ranks (1 = hardest) of a round's sections, and what a rank means for a list of this length."""

    ranks: Sequence[int]
    list_length: int

    def up_to(self, rank: int) -> set[int]:
        """Return the sections that are truly among the first."""
        return {section for section, found in enumerate(self.ranks) if found <= rank}

    @property
    def worst(self) -> set[int]:
        """The sections near the list or on it: every other is innocent."""
        return self.up_to(self.list_length * 3 // 2)

    @property
    def middling(self) -> set[int]:
        """The sections between 8/21 and 13/21 of all (40 to 65 of 105)."""
        size = len(self.ranks)
        return {s for s, rank in enumerate(self.ranks) if 8 * size <= 21 * rank <= 13 * size}

    def at(self, rank: int) -> int:
        """Return the section of a true rank."""
        return self.ranks.index(rank)


def aimed_ranks(sections: int, list_length: int) -> dict[str, int]:
    """Return the true rank of the section that false ballots are to list, or to keep off (25 and 5 of 105 and 10)."""
    return {"blame": max(1, sections * 5 // 21), "praise": max(1, list_length // 2)}


def measure(truth: Ranks, outcome: Outcome, business: Set[int] | None) -> dict[Key, Pair]:
    """Return what one round adds to every figure."""
    sections, guilty, worst = set(range(len(truth.ranks))), truth.up_to(truth.list_length), truth.worst
    innocent = sections - worst
    wrong = innocent & outcome.listed
    covered = {s for s, (low, high) in enumerate(outcome.intervals) if low <= truth.ranks[s] <= high}

    def share(group: Set[int]) -> Pair:
        return len(wrong & group), len(innocent & group)

    return {
        ("recall",): (len(guilty & outcome.listed), len(guilty)),
        ("innocents_listed",): (len(wrong), 1),
        ("innocent_share",): share(sections),
        ("innocent_share_thin",): share({s for s in sections if outcome.lines[s] < THIN}),
        ("innocent_share_many",): share({s for s in sections if outcome.lines[s] > MANY}),
        ("innocent_share_business",): (0, 0) if business is None else share(business),
        ("innocent_share_others",): (0, 0) if business is None else share(sections - business),
        ("unranked",): (len(outcome.unranked), 1),
        ("gate_passed",): (int(outcome.is_allowed), 1),
        ("true_listed_unranked",): (len(guilty & outcome.unranked), 1),
        ("certain",): (len(outcome.certain), 1),
        ("certain_true",): (len(guilty & outcome.certain), len(outcome.certain)),
        ("coverage",): (len(covered), len(sections)),
        ("coverage_worst",): (len(covered & worst), len(worst)),
    }


def summary(rounds: Sequence[Measured], *, has_attacks: bool) -> dict[str, Any]:
    """Return the figures over all rounds: mean, error, and the sum of the denominators."""
    bought = [
        (low, high, ballots, rest)
        for low, high in BANDS
        for ballots in (0, *BOUGHT)
        for rest in RESTS[: 1 + bool(ballots)]
    ]
    fakes = [(aim, channel, ballots) for aim in AIMS for channel, most in FAKES.items() for ballots in (0, most)]
    return {
        "figures": {name: _estimate(rounds, (name,)) for name in FIGURES},
        "bought": [
            {
                "drawn_lines": [low, high],
                "ballots": ballots,
                "rest": rest,
                "listed": _estimate(rounds, ("bought", *key)),
            }
            for key in bought
            for low, high, ballots, rest in [key]
            if has_attacks
        ],
        "fakes": [
            {"aim": aim, "channel": channel, "ballots": ballots, "listed": _estimate(rounds, ("fakes", *key))}
            for key in fakes
            for aim, channel, ballots in [key]
            if has_attacks
        ],
    }


def _estimate(rounds: Iterable[Measured], key: Key) -> dict[str, Any]:
    """Return the ratio of the sums with the standard error of a ratio; nothing below the line: no figure."""
    pairs = [measured.get(key, (0, 0)) for measured in rounds]
    above, below = sum(one for one, _ in pairs), sum(other for _, other in pairs)
    if not below:
        return {"mean": None, "error": None, "of": 0}
    mean = Fraction(above, below)
    error = None
    if len(pairs) > 1:
        squares = sum((one - mean * other) ** 2 for one, other in pairs) * Fraction(len(pairs), len(pairs) - 1)
        error = decimal(Fraction(sqrt(squares) / below))
    return {"mean": decimal(mean), "error": error, "of": below}
