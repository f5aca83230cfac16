"""How many drawn lines keep bought ballots from listing a section, and what more lines are good for (planning.md 3, 5).

A model of a middling section, with numbers of the last round where there is one; floats decide nothing about a result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, sqrt

from evaluations.planning.rules.inputs import Inputs
from evaluations.planning.rules.lines import LastRound, one_sided
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.method import MethodTwo

# A section that is bought starts at the median or above; of the gap to the list the last eighth is not relied on.
RELIED_ON = 7 / 8
LEAD, MEAN, BETWEEN = 7.0, 14.4, 1.4
USUAL_LINES = {Channel.TARGETED: 20.0, Channel.SAMPLED: 12.0, Channel.OTHER: 45.0}
MOST_LINES = 1000


@dataclass(frozen=True)
class Beside:
    """Another channel of the section: its weight, usual lines, variance of a line; drawn ones do not follow."""

    weight: float
    lines: float
    variance: float
    is_drawn: bool


@dataclass(frozen=True)
class Model:
    """One drawn channel in which ballots are bought, and the others beside it."""

    weight: float
    drawn_weight: float  # of all drawn channels together
    mean: float
    several: float  # variance of a line on a ballot of several sections
    one: float  # variance of a line on a ballot of one section
    beside: tuple[Beside, ...]
    most: float  # B, the points a line counts at most
    prior: int  # k
    follow: float
    cap: float
    lead: float  # points a middling section lies below the list
    z: float
    least: int

    def is_safe(self, bought: float, lines: float, general: float) -> bool:
        """True if that many bought ballots leave a middling section off the list but for the allowed risk."""
        return self._rise(bought, lines) + self.z * sqrt(self.variance(lines, general)) <= self.lead

    def needed_lines(self, bought: float, general: float = inf) -> int | None:
        """Return the fewest lines of the channel that are safe; None if no number up to MOST_LINES is.

        `general` of them, at most, are lines of ballots of several sections, the rest one-line ballots.
        """
        return next((n for n in range(self.least, MOST_LINES + 1) if self.is_safe(bought, n, general)), None)

    def _rise(self, bought: float, lines: float) -> float:
        deviation = bought * (self.most - self.mean) / (lines + self.prior)
        drawn = deviation * self.weight / self.drawn_weight
        following = (
            other.weight * max(0.0, drawn - self.cap, self.follow * drawn * self.prior / (other.lines + self.prior))
            for other in self.beside
            if not other.is_drawn
        )
        return self.weight * deviation + sum(following)

    def variance(self, lines: float, general: float) -> float:
        """Return the sampling variance of the section's index."""
        own = self.weight**2 * mixed(self.several, self.one, lines, general) / (lines + self.prior)
        return own + sum(other.weight**2 * other.variance / (other.lines + self.prior) for other in self.beside)


def models(method: MethodTwo, inputs: Inputs, last: LastRound | None = None) -> dict[str, Model]:
    """Return the model of every drawn channel."""
    weights = {c: float(rule.weight) for c, rule in method.channels.items()}
    drawn = {c: weights[c] for c in method.drawn_channels}
    beside = {c: Beside(weights[c], usual_lines(inputs, last, c), _variance_of(inputs, c), c in drawn) for c in weights}
    return {
        channel: Model(
            weight=weight,
            drawn_weight=sum(drawn.values()),
            mean=inputs.number("model.mean", last.means.get(channel, MEAN) if last else MEAN),
            several=_variance_of(inputs, channel),
            one=inputs.number("model.variance.one"),
            beside=tuple(other for c, other in beside.items() if c != channel),
            most=float(method.line_cap),
            prior=method.prior_ballots,
            follow=float(method.follow),
            cap=float(method.cap),
            lead=lead(inputs, last),
            z=one_sided(inputs),
            least=max(method.min_drawn_lines, 1),
        )
        for channel, weight in drawn.items()
    }


def lead(inputs: Inputs, last: LastRound | None) -> float:
    """Return G, the points between a middling section and the list."""
    usual = LEAD if last is None or last.lead is None else RELIED_ON * last.lead
    return inputs.number("model.lead", usual)


def between(inputs: Inputs, last: LastRound | None) -> float:
    """Return the channels' disagreement as a variance."""
    return inputs.number("model.between", last.between if last else BETWEEN)


def usual_lines(inputs: Inputs, last: LastRound | None, channel: str) -> float:
    """Return the lines of a middling section in a channel that is not bought: the last round's median."""
    found = last.median_lines(channel) if last else None
    usual = USUAL_LINES[Channel(channel)] if found is None else found
    return usual if channel == Channel.TARGETED else inputs.number(f"model.lines.{channel}", usual)


def margin(
    method: MethodTwo, inputs: Inputs, lines: Mapping[str, float], general: Mapping[str, float], disagreement: float
) -> float:
    """Return z·s of the index of a section with these lines, all but the `general` ones of one-line ballots."""
    variance = float(method.between_weight) * disagreement
    for channel, rule in method.channels.items():
        n, one = lines[channel], inputs.number("model.variance.one")
        of_line = mixed(_variance_of(inputs, channel), one, n, general[channel])
        variance += float(rule.weight) ** 2 * of_line / (n + method.prior_ballots)
    return float(method.z) * sqrt(variance)


def mixed(several: float, one: float, lines: float, general: float) -> float:
    """Return the variance of a line where all but `general` lines are of one-line ballots."""
    return several + (one - several) * max(0.0, lines - general) / lines if lines else several


def evaluators_needed(sections: int, lines: int, inputs: Inputs) -> int:
    """Return the evaluators to invite so that every section has that many lines, if ballots share sections evenly."""
    a_letter = (
        inputs.share("targeted.return_percent")
        * inputs.number("targeted.sections")
        * inputs.share("targeted.valid_percent")
    )
    return whole_up(sections * lines / a_letter)


def whole_up(value: float) -> int:
    """Round up to a whole number; what is whole but for the last bits of a float stays."""
    return ceil(round(value, 9))


def _variance_of(inputs: Inputs, channel: str) -> float:
    return inputs.number(f"model.variance.{'several' if channel == Channel.TARGETED else channel}")
