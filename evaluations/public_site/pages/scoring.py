"""The worked example of 怎样计分 written out: every figure with the sum that gives it, to be followed by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.example import GROUP, Example, Part, Ranked, worked_example
from evaluations.scoring.nc2.method import METHOD as NC2
from evaluations.scoring.nc2.method import MOST_POINTS, MethodTwo
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.wording import percent

FIGURE = Decimal("0.0001")


@dataclass(frozen=True)
class ShownBallot:
    """The example's ballot: its answers, what each level counts, and the sums of points."""

    answers: Sequence[tuple[str, str]]
    levels: Sequence[tuple[str, int]]
    answered: int
    weights: str
    points: str
    most_points: str
    score: str
    line_cap: str


@dataclass(frozen=True)
class ShownChannel:
    """One channel: its mean, and the sums of average, gap, deviation and counted score by section."""

    label: str
    mean: str
    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class ShownExample:
    """The worked example with its figures as they are written; an empty text = the rulebook has no such step.

    `follow` = the part of the drawn deviation at which average ballots of other channels lie; None = they lie at 0
    """

    ballot: ShownBallot
    ballots: int
    prior: int
    drawn: str
    free: str
    follow: str | None
    cap: str
    drawn_deviations: Sequence[tuple[str, str]]
    channels: Sequence[ShownChannel]
    weights: str
    sections: Sequence[Mapping[str, Any]]
    capped: str


def scoring_example(rules: Mapping[str, Any]) -> ShownExample | None:
    """Return the worked example by a rulebook of NC-2, or None for the earlier method."""
    if rules["method"] != NC2:
        return None
    example = worked_example(rules)
    method = example.method
    drawn = [c for c in example.means if c in method.drawn_channels]
    free = [c for c in example.means if c not in drawn] if drawn else []
    parts = [(section, part) for section in example.sections for part in section.parts]
    return ShownExample(
        ballot=_ballot(example, questionnaire_of(rules)),
        ballots=parts[0][1].ballots,
        prior=method.prior_ballots,
        drawn=_labels(drawn),
        free=_labels(free),
        follow=_follow(method) if free and method.follow else None,
        cap=figure(method.cap) if free and method.cap < MOST_POINTS else "",
        drawn_deviations=_drawn_deviations(example, drawn) if free and len(drawn) > 1 else [],
        channels=[_channel(example, channel) for channel in example.means],
        weights="、".join(f"{Channel(c).label}{_share(weight)}" for c, weight in example.weights.items()),
        sections=[{"name": s.name, "place": s.place, "terms": _index(example, s)} for s in example.sections],
        capped="、".join(f"{s.name}的{Channel(part.channel).label}" for s, part in parts if part.is_capped),
    )


def figure(value: Fraction) -> str:
    """Return a figure with as many decimals as it needs, four at most, half away from zero."""
    exact = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(FIGURE, ROUND_HALF_UP)
    return f"{exact.normalize() + 0:f}".replace("-", "−")


def _follow(method: MethodTwo) -> str:
    return "" if method.follow == 1 else f"的{_share(method.follow)}"


def _ballot(example: Example, asked: Questionnaire) -> ShownBallot:
    ballot, words = example.ballot, asked.answers(example.method.levels)
    is_equal = len(set(ballot.weights)) == 1
    each = [(f"{x}" if is_equal else f"{x}×{w}") for x, w in zip(ballot.levels, ballot.weights, strict=True)]
    most = f"{len(each)}" if is_equal else f"（{'+'.join(map(str, ballot.weights))}）"
    points, whole = ballot.points, ballot.most_points
    exact = Fraction(MOST_POINTS * points, whole)
    return ShownBallot(
        answers=[(asked.names[i], words[answer]) for i, answer in ballot.answers],
        levels=[(words[str(level)], level) for level in range(example.method.levels + 1)],
        answered=len(each),
        weights="" if is_equal else "、".join(map(str, ballot.weights)),
        points=f"{'+'.join(each)}={points}",
        most_points=f"{ballot.highest}×{most}={whole}",
        score=f"{points}÷{whole}×100={figure(exact)}",
        line_cap=figure(example.method.line_cap) if exact > ballot.score else "",
    )


def _channel(example: Example, channel: str) -> ShownChannel:
    parts = [(s, part) for s in example.sections for part in s.parts if part.channel == channel]
    averages = "+".join(figure(part.average) for _, part in parts)
    mean = example.means[channel]
    return ShownChannel(
        label=Channel(channel).label,
        mean=f"（{averages}）÷{len(parts)}={figure(mean)}",
        rows=[
            {
                "name": section.name,
                "average": f"{figure(example.ballot.score)}×{part.mild}÷{GROUP}={figure(part.average)}",
                "gap": f"{figure(part.average)}−{figure(mean)}={figure(part.average - mean)}",
                "deviation": _deviation(example, section, part, mean),
                "score": f"{figure(mean)}{_added(part.deviation)}={figure(part.score)}",
            }
            for section, part in parts
        ],
    )


def _deviation(example: Example, section: Ranked, part: Part, mean: Fraction) -> str:
    prior, cap = example.method.prior_ballots, example.method.cap
    sum_ = f"{figure(part.average - mean)}×{part.ballots}"
    follows = part.channel not in example.method.drawn_channels and example.method.drawn_channels
    if follows and example.method.follow:
        towards = figure(part.towards) if part.towards >= 0 else f"（{figure(part.towards)}）"
        sum_ = f"（{sum_}+{towards}×{prior}）"
    told = f"{sum_}÷{part.ballots + prior}={figure(part.free)}"
    if not part.is_capped:
        return told
    limit = f"{figure(section.drawn)}{'+' if part.free > section.drawn else '−'}"
    return f"{told}，超过上限，按{limit}{figure(cap)}={figure(part.deviation)}计"


def _drawn_deviations(example: Example, drawn: Sequence[str]) -> list[tuple[str, str]]:
    """Return how a section's drawn channels make one deviation, by which the others are measured."""
    whole = sum((example.weights[c] for c in drawn), Fraction(0))
    divisor = _share(whole) if _is_percentage(whole) else f"（{_share(whole)}）"
    return [(s.name, f"（{_weighted(example, s, drawn)}）÷{divisor}={figure(s.drawn)}") for s in example.sections]


def _weighted(example: Example, section: Ranked, drawn: Sequence[str]) -> str:
    terms = [(part, example.weights[part.channel]) for part in section.parts if part.channel in drawn]
    first, *others = [f"{_added(part.deviation)}×{_share(weight)}" for part, weight in terms]
    return first.removeprefix("+") + "".join(others)


def _index(example: Example, section: Ranked) -> list[str]:
    """Return the sum in terms, between which a narrow screen may break it."""
    first, *others = [f"{figure(part.score)}×{_share(example.weights[part.channel])}" for part in section.parts]
    return [first, *(f"+{term}" for term in others), f"={figure(section.index)}"]


def _added(value: Fraction) -> str:
    return figure(value) if value < 0 else f"+{figure(value)}"


def _share(value: Fraction) -> str:
    """Return a weight so that one can calculate with it: a percentage, or a fraction where that would be rounded."""
    return percent(value) if _is_percentage(value) else str(value)


def _is_percentage(value: Fraction) -> bool:
    return (value * 1000).denominator == 1


def _labels(channels: Sequence[str]) -> str:
    return "、".join(Channel(c).label for c in channels)
