"""A small made-up round counted by NC-2 with a rulebook's own numbers: the worked example of 怎样计分."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

from evaluations.scoring.counting import Answers, Line, line_q
from evaluations.scoring.method import Indicator
from evaluations.scoring.nc2.ballots import count_ballots
from evaluations.scoring.nc2.index import Deviations, drawn_deviation, score_ballots
from evaluations.scoring.nc2.method import MethodTwo, parse_method_two
from evaluations.scoring.nc2.ranking import standings
from evaluations.scoring.questionnaire import DONT_KNOW

NAMES = {"A": "甲科室", "B": "乙科室", "C": "丙科室"}
LEAST, GROUP = 20, 5
MILD: Answers = (0, 1, 2, None, 0)
NONE: Answers = (0, 0, 0, 0, 0)
# Of every five ballots for a section, so many are MILD and the others NONE; in the last free channel C is attacked.
MILD_OF_FIVE = {"A": 3, "B": 2, "C": 1}
ATTACKED, ATTACKING_OF_FIVE = "C", 4


@dataclass(frozen=True)
class Part:
    """One section in one channel, every figure on the way from its ballots' average to what the channel counts for.

    `mild`      of every five ballots so many are the ballot that the example shows, the others answer 0 throughout
    `towards`   what few ballots draw the deviation to: 0, or a part of the drawn deviation
    `free`      the deviation before the cap
    `score`     the channel's mean and the deviation in one
    """

    channel: str
    ballots: int
    mild: int
    average: Fraction
    towards: Fraction
    free: Fraction
    deviation: Fraction
    score: Fraction

    @property
    def is_capped(self) -> bool:
        return self.deviation != self.free


@dataclass(frozen=True)
class Ranked:
    """One section of the example; drawn = its deviation over the drawn channels, by which the cap is measured."""

    name: str
    parts: Sequence[Part]
    drawn: Fraction
    index: Fraction
    place: int | None


@dataclass(frozen=True)
class Ballot:
    """One ballot's answers for a section by indicator; level and weight of each answered one; the score they make."""

    answers: Sequence[tuple[str, str]]
    levels: Sequence[int]
    weights: Sequence[int]
    highest: int
    score: Fraction

    @property
    def points(self) -> int:
        return sum(w * x for w, x in zip(self.weights, self.levels, strict=True))

    @property
    def most_points(self) -> int:
        return self.highest * sum(self.weights)


@dataclass(frozen=True)
class Example:
    """One ballot's answers with their score, and three sections with theirs, in the order of their difficulty."""

    method: MethodTwo
    ballot: Ballot
    weights: Mapping[str, Fraction]
    means: Mapping[str, Fraction]
    sections: Sequence[Ranked]


def worked_example(rulebook: Mapping[str, Any]) -> Example:
    """Count the example by the rulebook."""
    method = parse_method_two({**rulebook, "sections": list(NAMES), "vetoes": []})
    figures, deviations = score_ballots(method, count_ballots(method, example_lines(method)))
    found = standings(method, figures)
    sections = [
        Ranked(
            name=name,
            parts=_parts(method, deviations, code),
            drawn=drawn_deviation(method, deviations.weights, deviations.final[code]),
            index=found[code].score.index,
            place=found[code].place,
        )
        for code, name in NAMES.items()
    ]
    sections.sort(key=lambda each: -each.index)
    return Example(method, _ballot(method), figures.weights, figures.means, sections)


def example_lines(method: MethodTwo) -> Iterator[tuple[str, Line]]:
    """Yield the example's ballots: each rates one section, so that strictness changes nothing."""
    least = max(LEAST, method.min_lines, method.min_drawn_lines, method.cell_min_lines)
    for channel in method.channels:
        for section in NAMES:
            some = mild_of_five(method, channel, section)
            for number in range(GROUP * -(-least // GROUP)):
                answers = mild(method) if number % GROUP < some else NONE
                yield f"{channel}{section}{number}", Line(section, channel, answers)


def mild_of_five(method: MethodTwo, channel: str, section: str) -> int:
    """Return how many of five ballots for a section in a channel are like the ballot that the example shows."""
    last = [c for c in method.channels if c not in method.drawn_channels][-1:]
    is_attacked = bool(method.drawn_channels) and channel in last and section == ATTACKED
    return ATTACKING_OF_FIVE if is_attacked else MILD_OF_FIVE[section]


def mild(method: MethodTwo) -> Answers:
    """Return the answers of the example's ballot: four of five, or all where a rulebook asks for five."""
    told = MILD if method.min_answered < len(MILD) else tuple(x or 0 for x in MILD)
    return tuple(x if x is None else min(x, method.levels) for x in told)


def _ballot(method: MethodTwo) -> Ballot:
    answers = mild(method)
    given = [(i, x) for i, x in zip(Indicator, answers, strict=True) if x is not None]
    weights = [method.whole_weights[i] for i, _ in given]
    return Ballot(
        answers=[(i.value, DONT_KNOW if x is None else str(x)) for i, x in zip(Indicator, answers, strict=True)],
        levels=[x for _, x in given],
        weights=[weight // gcd(*weights) for weight in weights],
        highest=method.levels,
        score=Fraction(method.points(line_q(method, answers) or 0), method.unit),
    )


def _parts(method: MethodTwo, deviations: Deviations, section: str) -> list[Part]:
    return [_part(method, deviations, section, channel) for channel in deviations.means]


def _part(method: MethodTwo, deviations: Deviations, section: str, channel: str) -> Part:
    cell, final = deviations.visible[section, channel], deviations.final[section]
    e = drawn_deviation(method, deviations.weights, final)
    return Part(
        channel=channel,
        ballots=cell.lines,
        mild=mild_of_five(method, channel, section),
        average=cell.total / cell.lines,
        towards=Fraction(0) if channel in method.drawn_channels else method.follow * e,
        free=deviations.free[section][channel],
        deviation=final[channel],
        score=deviations.means[channel] + final[channel],
    )
