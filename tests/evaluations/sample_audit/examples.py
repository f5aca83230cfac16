"""Rounds for the tests of the sample audit: how many ballots a list stands on, and ballots recorded wrongly."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from evaluations.sample_audit.rules.influence import Influence
from evaluations.scoring.counting import Line
from evaluations.scoring.nc2.ballots import count_ballots
from evaluations.scoring.nc2.index import score_ballots
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import Standing, standings

Votes = dict[str, tuple[str, dict[str, tuple[int, ...]]]]  # ballot -> channel, section -> five answers


@dataclass(frozen=True)
class Round:
    """A counted round."""

    method: MethodTwo
    outcome: Mapping[str, Standing]
    influence: Influence
    counted: dict[str, int]

    def lead(self, one: str, other: str):
        """By how many points one section is harder than the other."""
        return self.outcome[one].score.index - self.outcome[other].score.index


def count(method: MethodTwo, votes: Votes, most_lines: int = 4) -> Round:
    """Count the ballots, of which each rates at most `most_lines` sections."""
    lines = [
        (name, Line(section, channel, answers))
        for name, (channel, rated) in votes.items()
        for section, answers in rated.items()
    ]
    ballots = count_ballots(method, lines)
    figures, deviations = score_ballots(method, ballots)
    counted = {c: sum(channel == c for channel, _ in votes.values()) for c in method.channels}
    influence = Influence(method, ballots, deviations, dict.fromkeys(method.channels, most_lines))
    return Round(method, standings(method, figures), influence, counted)


def honest(rng: Random, levels: Mapping[str, float], ballots: Mapping[str, int], most_lines: int = 4) -> Votes:
    """Ballots of people who find the sections as hard as `levels` say (0 to 3), strict and lenient ones."""
    votes: Votes = {}
    for channel, number in ballots.items():
        for n in range(number):
            strict = rng.gauss(0, 0.4)
            rated = rng.sample(sorted(levels), rng.randint(1, most_lines))
            votes[f"{channel}{n}"] = channel, {s: _answers(rng, levels[s] + strict) for s in rated}
    return votes


def wrongly(rng: Random, votes: Votes, wrong: Mapping[str, int], up: str, down: str) -> tuple[Votes, set[str]]:
    """The ballots with some replaced by others that help one section against another, or by anything."""
    changed, names = dict(votes), set()
    for channel, number in wrong.items():
        for name in rng.sample([n for n in votes if votes[n][0] == channel], number):
            changed[name] = channel, _bent(rng, sorted({s for _, rated in votes.values() for s in rated}), up, down)
            names.add(name)
    return changed, names


def _bent(rng: Random, sections: list[str], up: str, down: str) -> dict[str, tuple[int, ...]]:
    worst, best = (3,) * 5, (0,) * 5
    others = [s for s in sections if s not in {up, down}]
    some = {s: rng.choice([worst, best]) for s in rng.sample(others, rng.randint(0, len(others)))}
    return rng.choice([{up: worst, **some}, {down: best, **some}, {up: worst, down: best, **some}, some, {up: worst}])


def _answers(rng: Random, level: float) -> tuple[int, ...]:
    return tuple(min(3, max(0, round(rng.gauss(level, 0.5)))) for _ in range(5))
