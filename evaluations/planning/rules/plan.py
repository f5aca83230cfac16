"""The plan of a round (评议计划): what to expect of every section, whom to invite besides (planning.md 4).

It may be taken over into the rulebook of a round in preparation; then it decides how many people are drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from evaluations.planning.rules.inputs import AUTOMATIC, InputError, Inputs
from evaluations.planning.rules.lines import (
    Gate,
    LastRound,
    Outlook,
    client_channel,
    expected_lines,
    gate,
    outlook,
)
from evaluations.planning.rules.protection import (
    Model,
    between,
    evaluators_needed,
    lead,
    margin,
    models,
    usual_lines,
    whole_up,
)
from evaluations.rounds.rules.rulebook import DEFAULTS, ISSUED_CODES, PLANNED_SEATS, with_value
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.method import MethodTwo, parse_method_two

# What a rulebook needs for a draw among clients; one that is older has none of it.
CLIENT_RULES = ("client_batch_min", "client_top_ups", "client_top_up_percent")
BOUGHT = (4, 8, 12, 16)
ONE_LINE = (40, 60, 80, 100)


@dataclass(frozen=True)
class Invitation:
    """One-line ballots of a section's clients: how many should come back, how many letters that takes."""

    quota: int
    return_percent: float
    letters: int
    clients: int | None  # None: not known
    is_everybody: bool  # too few clients for the quota, so all of them are invited
    expected: float

    def more(self, percent: int) -> int:
        """Return how many letters that part of the first ones adds, at most to the clients not invited yet."""
        wanted = -(-self.letters * percent // 100)  # rounded up, as the draw's seats are
        return wanted if self.clients is None else min(wanted, self.clients - self.letters)


@dataclass(frozen=True)
class SectionPlan:
    """One section: what is expected of general ballots, the drawn lines it needs, its clients, and then."""

    section: str
    general: Outlook
    needs: Mapping[str, int | None]  # drawn channel -> lines against the bought ballots; None: no number protects it
    invitation: Invitation | None
    planned: Outlook
    margin: float  # of the index as planned

    @property
    def is_protected(self) -> bool:
        """True if every drawn channel has the lines it needs."""
        return all(need is not None and self.planned.lines[c] >= need for c, need in self.needs.items())


@dataclass(frozen=True)
class Need:
    """The drawn lines a section needs in a channel against `bought` ballots, by kind of ballot."""

    channel: str
    bought: int
    several: int | None
    one: int | None
    evaluators: int | None  # to invite, if their ballots share the sections evenly


@dataclass(frozen=True)
class Margin:
    """The margin of an index by one-line ballots: as in an ordinary round, and if people answer selectively."""

    lines: int
    usual: float
    selective: float


@dataclass(frozen=True)
class Plan:
    """A whole plan; `channel` is where clients' ballots count, "" if there are none."""

    method: MethodTwo
    inputs: Inputs
    rulebook: Mapping[str, Any]
    channel: str
    bought: int
    lead: float
    sections: list[SectionPlan]
    general: Gate
    planned: Gate
    needs: list[Need]
    margins: list[Margin]

    @property
    def letters(self) -> int:
        """All letters to clients."""
        return sum(of.invitation.letters for of in self.sections if of.invitation)

    @property
    def top_up(self) -> int:
        """The letters that the further rounds of the draw, committed beforehand, add to those of the clients."""
        if not self.is_client_draw:
            percent = self.rulebook["extension_percent"] * self.rulebook["extension_rounds"]
            return sum(of.invitation.letters * percent // 100 for of in self.sections if of.invitation)
        percent = self.rulebook["client_top_up_percent"] * self.rulebook["client_top_ups"]
        return sum(of.invitation.more(percent) for of in self.sections if of.invitation)

    @property
    def is_client_draw(self) -> bool:
        """True if clients are drawn by section for ballots that count as targeted ones."""
        return self.channel == Channel.TARGETED and bool(self.rulebook.get("client_draw"))

    @property
    def too_small(self) -> list[SectionPlan]:
        """The sections with too few clients for a draw of their own, left to the other evaluators."""
        return [of for of in self.sections if of.invitation is None] if self.is_client_draw else []

    @property
    def thin(self) -> list[SectionPlan]:
        """The sections that stay thin."""
        return [of for of in self.sections if of.planned.is_thin]

    @property
    def unprotected(self) -> list[SectionPlan]:
        """The sections whose drawn lines do not reach what they need."""
        return [of for of in self.sections if not of.is_protected]


def plan(rulebook: Mapping[str, Any], inputs: Inputs, last: LastRound | None = None) -> Plan:
    """Plan a round with this rulebook, which names its sections."""
    rulebook = with_clients(rulebook, inputs)
    method = parse_method_two(rulebook)
    if not method.sections:
        raise InputError(["没有参评科室，请先导入单位和科室。"])
    if not method.drawn_channels:
        raise InputError(["本轮没有抽签渠道，不能编制评议计划。"])
    channel = client_channel(rulebook, inputs, method)
    is_by_section = channel == Channel.TARGETED and rulebook.get("client_draw")
    smallest = rulebook["client_batch_min"] if is_by_section else 0
    planner = _Planner(method, inputs, last, channel, models(method, inputs, last), smallest)
    lines = expected_lines(rulebook, method, inputs, last)
    sections = [planner.section(code, lines[code]) for code in method.sections]
    return Plan(
        method=method,
        inputs=inputs,
        rulebook=rulebook,
        channel=planner.channel,
        bought=planner.bought,
        lead=lead(inputs, last),
        sections=sections,
        general=gate(method, {of.section: of.general for of in sections}),
        planned=gate(method, {of.section: of.planned for of in sections}),
        needs=planner.needs(),
        margins=[planner.margin(lines) for lines in ONE_LINE],
    )


def invite(inputs: Inputs, section: str, quota: int, least: int = 0) -> Invitation:
    """Return the letters that a quota of returned one-line ballots takes; everybody where clients are too few.

    `least` = the letters at any rate: fewer people get no bound codes.
    """
    figures = inputs.of(section)
    percent = figures.return_percent if figures.return_percent is not None else inputs.number("clients.return_percent")
    each = percent / 100 * inputs.share("clients.valid_percent")
    clients = None if figures.clients is None else int(figures.clients)
    wanted = max(whole_up(quota / each), least)
    letters = wanted if clients is None else min(clients, wanted)
    return Invitation(quota, percent, letters, clients, is_everybody=letters < wanted, expected=letters * each)


def with_clients(rulebook: Mapping[str, Any], inputs: Inputs) -> Mapping[str, Any]:
    """Return the rulebook under which clients' ballots count in the channel that the inputs name."""
    chosen = inputs.choice("clients.channel")
    if chosen != AUTOMATIC:
        rulebook = {**rulebook, "client_draw": chosen == Channel.TARGETED}
    if rulebook.get("client_draw"):
        rulebook = {**{key: DEFAULTS[key] for key in CLIENT_RULES}, **rulebook}
    if chosen != Channel.SAMPLED:
        return rulebook
    for path, value in (("sampled_forms", ISSUED_CODES), ("channels.sampled.drawn", True), ("max_sections.sampled", 1)):
        rulebook = with_value(rulebook, path, value)
    return rulebook


def adopted(rulebook: Mapping[str, Any], found: Plan) -> dict[str, Any]:
    """Return a round's rulebook with what the plan says of its draws: evaluators, sampled ballots, seats of clients."""
    changed = dict(with_clients(rulebook, found.inputs))
    values: dict[str, Any] = {"evaluators": found.inputs.number("targeted.ballots", rulebook["evaluators"])}
    is_issued = changed["sampled_forms"] == ISSUED_CODES
    seats = {of.section: of.invitation.letters for of in found.sections if of.invitation}
    if found.is_client_draw:
        needs = {of.section: of.invitation.quota for of in found.sections if of.invitation}
        changed |= {"client_seats": seats, "client_needs": needs}
        values["client_least"] = found.inputs.number("clients.least")
    if found.channel == Channel.SAMPLED and is_issued:
        changed |= {"issued_quota": PLANNED_SEATS, "issued_seats": seats}
        values["issued_ballots"] = sum(seats.values())
    else:
        key = "issued_ballots" if is_issued else "counted_sampled_ballots"
        values[key] = found.inputs.number("sampled.ballots", rulebook[key])
    return changed | {key: int(value) for key, value in values.items()}


@dataclass(frozen=True)
class _Planner:
    """Method and inputs of one plan, with the model of every drawn channel."""

    method: MethodTwo
    inputs: Inputs
    last: LastRound | None
    channel: str
    models: Mapping[str, Model]
    smallest: int  # clients that a draw of a section takes

    @property
    def bought(self) -> int:
        return int(self.inputs.number("bought"))

    def section(self, code: str, lines: Mapping[str, float]) -> SectionPlan:
        # Whatever is still lacking comes as one-line ballots where the clients' count, elsewhere as general ones.
        general = {c: lines[c] if c == self.channel else inf for c in self.models}
        needs = {c: model.needed_lines(self.bought, general[c]) for c, model in self.models.items()}
        invitation = self._invitation(code, needs[self.channel], lines[self.channel]) if self._invites(code) else None
        then = {**lines, self.channel: lines[self.channel] + invitation.expected} if invitation else lines
        return SectionPlan(
            section=code,
            general=outlook(self.method, self.inputs, lines),
            needs=needs,
            invitation=invitation,
            planned=outlook(self.method, self.inputs, then),
            margin=margin(self.method, self.inputs, then, lines, between(self.inputs, self.last)),
        )

    def needs(self) -> list[Need]:
        return [self._need(c, bought) for c in self.models for bought in sorted({*BOUGHT, self.bought} - {0})]

    def margin(self, lines: int) -> Margin:
        """Return the margins with that many one-line ballots, and a middling section's lines in the other channels."""
        main = self.channel or next(iter(self.models))
        general = {c: usual_lines(self.inputs, self.last, c) for c in self.method.channels} | {main: 0.0}
        of = partial(margin, self.method, self.inputs, general | {main: float(lines)}, general)
        return Margin(lines, of(between(self.inputs, self.last)), of(self.inputs.number("model.selective")))

    def _invites(self, code: str) -> bool:
        clients = self.inputs.of(code).clients
        return bool(self.channel) and (clients is None or clients >= self.smallest)

    def _invitation(self, code: str, needed: int | None, general: float) -> Invitation:
        least = self.inputs.number("clients.least")
        quota = whole_up(least if needed is None else max(least, needed - general))
        return invite(self.inputs, code, quota, self.smallest)

    def _need(self, channel: str, bought: int) -> Need:
        model = self.models[channel]
        several = model.needed_lines(bought)
        is_asked = several is not None and channel == Channel.TARGETED
        evaluators = (
            evaluators_needed(len(self.method.sections), several, self.inputs) if is_asked and several else None
        )
        return Need(channel, bought, several, model.needed_lines(bought, general=0), evaluators)
