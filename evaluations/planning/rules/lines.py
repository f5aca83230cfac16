"""Expected valid lines of every section, thin sections, the expected gate (planning.md 2).

Everything here is an estimate made beforehand; floats decide nothing about a result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist, median
from typing import Any

from evaluations.planning.rules.inputs import AUTOMATIC, NO_CLIENTS, YES, Inputs
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.index import Figures
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import publication, standings


@dataclass(frozen=True)
class LastRound:
    """What the last round's cells.json says: lines by section and channel (0 where hidden), figures of the model."""

    lines: Mapping[str, Mapping[str, int]]
    means: Mapping[str, float]
    between: float
    lead: float | None  # index at the list's last place - median index; None where fewer are ranked
    ranked: int

    def median_lines(self, channel: str) -> float | None:
        """Return the median of a channel's lines over the sections; None if the channel was not used."""
        found = [of[channel] for of in self.lines.values() if channel in of]
        return float(median(found)) if found else None

    def lines_of(self, channel: str) -> dict[str, int]:
        """Return section -> lines of one channel; empty if the channel was not used."""
        return {section: of[channel] for section, of in self.lines.items() if channel in of}


@dataclass(frozen=True)
class Outlook:
    """The expected lines of one section by channel, and whether they are thin."""

    lines: Mapping[str, float]
    drawn: float
    is_thin: bool

    @property
    def total(self) -> float:
        return sum(self.lines.values())


@dataclass(frozen=True)
class Gate:
    """The expected publication gate: sections that are not thin against those that must be ranked."""

    sections: int
    ranked: int
    needed: int

    @property
    def is_passed(self) -> bool:
        return self.ranked >= self.needed


def last_round(method: MethodTwo, figures: Figures) -> LastRound:
    """Return what the planner takes from a round that was counted with that method."""
    outcome = standings(method, figures)
    indices = sorted((float(of.score.index) for of in outcome.values() if of.score.has_enough), reverse=True)
    is_long = len(indices) >= method.list_length
    return LastRound(
        lines={s: {c: cell.lines or 0 for c, cell in cells.items()} for s, cells in figures.cells.items()},
        means={c: float(mean) for c, mean in figures.means.items()},
        between=float(figures.between),
        lead=indices[method.list_length - 1] - median(indices) if is_long else None,
        ranked=publication(method, outcome).ranked,
    )


def client_channel(rulebook: Mapping[str, Any], inputs: Inputs, method: MethodTwo) -> str:
    """Return the channel that one-line ballots of clients count in; "" if there are none."""
    chosen = inputs.choice("clients.channel")
    if chosen == NO_CLIENTS:
        return ""
    if chosen == AUTOMATIC:
        sampled = method.channels.get(Channel.SAMPLED)
        is_sampled = sampled and sampled.drawn and not rulebook.get("client_draw")
        return Channel.SAMPLED.value if is_sampled else Channel.TARGETED.value
    return chosen


def general_ballots(rulebook: Mapping[str, Any], inputs: Inputs, channel: str) -> float:
    """Return the expected returned ballots of a channel, without the one-line ballots of clients."""
    if channel == Channel.TARGETED:
        sent = inputs.number("targeted.ballots", rulebook["evaluators"])
        return sent * inputs.share("targeted.return_percent")
    if channel == Channel.OTHER:
        return inputs.number("other.ballots")
    is_issued = rulebook["sampled_forms"] == ISSUED_CODES
    sent = inputs.number("sampled.ballots", rulebook["issued_ballots" if is_issued else "counted_sampled_ballots"])
    usual = inputs.number("clients.return_percent") if is_issued else 100.0
    return sent * inputs.share("sampled.return_percent", usual)


def expected_lines(
    rulebook: Mapping[str, Any], method: MethodTwo, inputs: Inputs, last: LastRound | None = None
) -> dict[str, dict[str, float]]:
    """Return the expected valid lines of general ballots: section -> channel -> lines.

    A channel that is issued by draw to the sections' clients has none: its ballots are the clients' own.
    """
    clients = client_channel(rulebook, inputs, method)
    lines: dict[str, dict[str, float]] = {section: {} for section in method.sections}
    for channel in method.channels:
        is_all_clients = channel == Channel.SAMPLED and clients == channel
        each = 0.0 if is_all_clients else _lines(rulebook, inputs, channel)
        is_even = channel == Channel.TARGETED and inputs.choice("targeted.even") == YES
        parts = section_shares(method.sections, inputs, None if is_even else last, channel, is_even=is_even)
        for section, part in parts.items():
            lines[section][channel] = each * part
    return lines


def section_shares(
    sections: Sequence[str], inputs: Inputs, last: LastRound | None, channel: str, *, is_even: bool = False
) -> dict[str, float]:
    """Return each section's share of a channel's lines: by the last round, else by cases, else equal; they sum to 1."""
    before = last.lines_of(channel) if last else {}
    if before:
        weights = {section: before.get(section, 0) + 1.0 for section in sections}
    elif not is_even and any(inputs.of(section).cases for section in sections):
        weights = {section: inputs.of(section).cases or 0.0 for section in sections}
    else:
        weights = dict.fromkeys(sections, 1.0)
    whole = sum(weights.values())
    return {section: weight / whole for section, weight in weights.items()}


def outlook(method: MethodTwo, inputs: Inputs, lines: Mapping[str, float]) -> Outlook:
    """Return whether a section with these expected lines is thin: it may well miss one of the two minimums."""
    drawn = sum(n for channel, n in lines.items() if channel in method.drawn_channels)
    z = one_sided(inputs)
    is_thin = is_short(sum(lines.values()), method.min_lines, z) or is_short(drawn, method.min_drawn_lines, z)
    return Outlook(lines, drawn, is_thin)


def is_short(expected: float, least: int, z: float) -> bool:
    """True if lines that vary by chance (like Poisson's) may fall below the minimum."""
    return max(0.0, expected - z * sqrt(expected)) < least


def gate(method: MethodTwo, outlooks: Mapping[str, Outlook]) -> Gate:
    """Return the expected gate."""
    ranked = sum(not of.is_thin for of in outlooks.values())
    return Gate(len(outlooks), ranked, ceil(method.publish_share * len(outlooks)))


def one_sided(inputs: Inputs) -> float:
    """Return the normal quantile of the allowed risk: 1.645 for 5 %."""
    return NormalDist().inv_cdf(1 - inputs.share("risk_percent"))


def _lines(rulebook: Mapping[str, Any], inputs: Inputs, channel: str) -> float:
    sections = min(inputs.number(f"{channel}.sections"), float(rulebook["max_sections"][channel]))
    return general_ballots(rulebook, inputs, channel) * sections * inputs.share(f"{channel}.valid_percent")
