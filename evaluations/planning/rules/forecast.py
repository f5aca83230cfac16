"""What a running vote will probably give, from returned codes and declared sections alone (planning.md 7).

No ballot is opened for it: which sections are rated is known only after the count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluations.planning.rules.inputs import NO_CLIENTS, Inputs
from evaluations.planning.rules.lines import Gate, LastRound, expected_lines, gate, outlook
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.method import MethodTwo


@dataclass(frozen=True)
class Returns:
    """The codes of one channel: how many can vote or did, how many did; `most` = ballots that are counted at most."""

    issued: int
    used: int
    most: int | None = None

    def at_the_end(self, elapsed: float, *, is_drawn: bool) -> float:
        """Return the ballots to expect if codes go on to be used as so far; drawn people are no more than invited."""
        expected = self.used / elapsed
        limits = [float(limit) for limit in (self.issued if is_drawn else None, self.most) if limit is not None]
        return min(expected, *limits) if limits else expected


@dataclass(frozen=True)
class Drawn:
    """What is known of drawn people besides: whom they have dealt with, and the codes bound to a section.

    `declared` = section -> drawn evaluators who have dealt with it; where they are known, they share out the targeted
    ballots. `bound` = section -> codes of its drawn clients, each of which gives one line of this section.
    """

    declared: Mapping[str, int] = field(default_factory=dict)
    bound: Mapping[str, Returns] = field(default_factory=dict)


def expected_gate(
    rulebook: Mapping[str, Any],
    method: MethodTwo,
    returns: Mapping[str, Returns],
    *,
    drawn: Drawn,
    elapsed: float,
    last: LastRound | None,
) -> Gate:
    """Return the expected publication gate of a vote of which the part `elapsed` is over.

    The targeted `returns` are those of evaluators, without the drawn clients. A cell that will probably stay hidden
    counts for nothing.
    """
    ballots = {c: of.at_the_end(elapsed, is_drawn=method.channels[c].drawn) for c, of in returns.items()}
    numbers: dict[str, float | str | None] = {f"{channel}.ballots": number for channel, number in ballots.items()}
    percents = {f"{channel}.return_percent": 100.0 for channel in (Channel.TARGETED, Channel.SAMPLED)}
    inputs = Inputs({**numbers, **percents, "clients.channel": NO_CLIENTS})
    lines = expected_lines(rulebook, method, inputs, last)
    targeted = returns.get(Channel.TARGETED)
    if drawn.declared and targeted and targeted.issued:
        part = ballots[Channel.TARGETED] / targeted.issued * inputs.share("targeted.valid_percent")
        for section, of in lines.items():
            of[Channel.TARGETED.value] = drawn.declared.get(section, 0) * part
    for section, codes in drawn.bound.items():
        each = codes.at_the_end(elapsed, is_drawn=True) * inputs.share("clients.valid_percent")
        lines[section][Channel.TARGETED.value] += each
    return gate(method, {s: outlook(method, inputs, _visible(method, of)) for s, of in lines.items()})


def _visible(method: MethodTwo, lines: Mapping[str, float]) -> dict[str, float]:
    return {channel: n if n >= method.cell_min_lines else 0.0 for channel, n in lines.items()}
