"""Read models of pools and draws at the desk: where each stands, what is missing, what the projector shows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from evaluations.models import Draw, DrawEntry, PoolNotice, PoolObjection, Round
from evaluations.rules import drawing
from evaluations.rules.pools import PoolKind
from evaluations.rules.removals import DISCRETIONARY, most_discretionary
from evaluations.rules.rounds import DrawPurpose, DrawStatus
from evaluations.services import ceremony, draw_events
from evaluations.services.draw import COMMIT_ACTION
from evaluations.services.pool_notice import notice_faults
from nanchuan_eval import policy
from nanchuan_eval.models import User

STEPS = ("公布承诺", "录入随机数", "抽取", "监督员签名", "公开证明")


@dataclass(frozen=True)
class PoolLine:
    """One pool of the round: its size, its notice, objections to answer."""

    kind: str
    label: str
    strata: Mapping[str, int]
    people: int
    excluded: int
    notice: PoolNotice | None
    objections: list[PoolObjection]
    faults: list[str]
    may_announce: bool
    may_answer: bool


@dataclass(frozen=True)
class SourceLine:
    """One source of randomness: settled, or who has entered what; `differs` = two entries that do not agree."""

    label: str
    numbers: list[int]
    issue: str
    readers: list[str] = field(default_factory=list)
    differs: list[tuple[str, list[int], str]] = field(default_factory=list)


@dataclass(frozen=True)
class StratumLine:
    """One stratum: how many may be drawn, how many seats, how many stay empty, and after the draw who."""

    name: str
    eligible: int
    seats: int
    empty: int
    selected: list[str] = field(default_factory=list)
    alternates: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CeremonyDesk:
    """All that the ceremony page shows."""

    params: Mapping[str, Any]
    step: int
    steps: tuple[str, ...]
    sources: list[SourceLine]
    due_source: tuple[int, Mapping[str, Any]] | None
    earliest: datetime
    is_early: bool
    entropy: float
    strata: list[StratumLine]
    signed: list[str]
    signatures_wanted: int
    is_signing: bool
    may_enter: bool
    may_run: bool
    may_abandon: bool
    may_issue_codes: bool


@dataclass(frozen=True)
class DrawnPeople:
    """Who was drawn, and what may still be done about it."""

    entries: list[DrawEntry]
    events: list[tuple[Mapping[str, Any], Any]]
    discretionary: int
    most_discretionary: int
    may_remove: bool
    may_write: bool
    round_faults: list[str]
    has_next_round: bool


def pool_lines(round_: Round, user: User, at: datetime) -> list[PoolLine]:
    """Read where the pools of a round stand."""
    return [_pool_line(round_, kind, user, at) for kind in PoolKind]


def build_ceremony(draw: Draw, user: User, at: datetime) -> CeremonyDesk:
    """Read what the projector shows, in a fixed number of queries."""
    params = json.loads(draw.params)
    is_committed, is_drawn = draw.status == DrawStatus.COMMITTED, draw.status == DrawStatus.DRAWN
    settled = len(draw.randomness)
    signatures = draw.signatures.select_related("supervisor__person")
    signed = [str(s.supervisor.person.name) for s in signatures if s.supervisor.person]
    wanted = ceremony.signatures_wanted(draw)
    earliest = ceremony.earliest_randomness(draw)
    is_early = at < earliest and not draw.round.is_demo
    may_enter = policy.may(user, "draw.seed") and is_committed and not is_early
    return CeremonyDesk(
        params=params,
        step=_step(draw, len(signed), wanted),
        steps=STEPS,
        sources=_sources(draw, params, user),
        due_source=(settled, params["randomness"][settled])
        if may_enter and settled < len(params["randomness"])
        else None,
        earliest=earliest,
        is_early=is_early,
        entropy=drawing.entropy_bits(params["randomness"]),
        strata=strata_of(draw, params),
        signed=signed,
        signatures_wanted=wanted,
        is_signing=is_drawn and wanted > 0,
        may_enter=may_enter,
        may_run=policy.may_begin(user, "draw.run"),
        may_abandon=is_committed
        and not draw.readings.exists()
        and policy.may_begin(user, COMMIT_ACTION[DrawPurpose(draw.purpose)]),
        may_issue_codes=draw.purpose == DrawPurpose.SUPERVISORS
        and draw.status in {DrawStatus.DRAWN, DrawStatus.PUBLISHED}
        and policy.may(user, "cred.print"),
    )


def strata_of(draw: Draw, params: Mapping[str, Any]) -> list[StratumLine]:
    """Return the strata as committed (seats are known before the seed), or as drawn."""
    if draw.result:
        strata = json.loads(draw.result)["strata"].items()
        return [
            StratumLine(name, s["eligible"], s["quota"], s["shortfall"], s["selected"], s["alternates"])
            for name, s in strata
        ]
    counts = draw.entries.values_list("stratum").order_by().annotate(n=Count("pk", filter=Q(exclusion="")))
    found = dict(counts)
    eligible = {name: found[name] for name in params["strata"]}
    seats = drawing.seats(params["quota"], eligible, 1)
    fixed = params["quota"]["mode"] == "fixed"
    wanted = dict(zip(params["strata"], params["quota"]["rounds"][0], strict=True)) if fixed else seats
    return [StratumLine(name, eligible[name], seats[name], wanted[name] - seats[name]) for name in eligible]


def drawn_people(draw: Draw, user: User, at: datetime) -> DrawnPeople:
    """Read who was drawn by name (the caller has asked the policy table)."""
    if not draw.result:
        return DrawnPeople([], [], 0, 0, False, False, [], False)
    reasons = draw_events.reasons_so_far(draw)
    rounds = json.loads(draw.params)["quota"]["rounds"]
    return DrawnPeople(
        entries=list(draw.entries.exclude(place=None).select_related("person")),
        events=[(json.loads(event.body), event) for event in draw.events.select_related("entry__person", "by")],
        discretionary=sum(reason in DISCRETIONARY for reason in reasons),
        most_discretionary=most_discretionary(draw_events.seats_of(draw), draw.round.rulebook["removal_percent"]),
        may_remove=policy.may_begin(user, "draw.redraw") and draw.purpose in draw_events.PEOPLE,
        may_write=policy.may(user, "pool.unmask") and draw.purpose in draw_events.PEOPLE,
        round_faults=draw_events.further_round_faults(draw, at),
        has_next_round=draw_events.current_round(draw) < len(rounds),
    )


def _pool_line(round_: Round, kind: PoolKind, user: User, at: datetime) -> PoolLine:
    entries = round_.pool.filter(kind=kind).order_by()
    strata = dict(entries.values_list("stratum").annotate(people=Count("pk")))
    notice = PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None).first()
    return PoolLine(
        kind=kind.value,
        label=kind.label,
        strata=strata,
        people=sum(strata.values()),
        excluded=entries.exclude(exclusion="").count(),
        notice=notice,
        objections=list(notice.objections.all()) if notice else [],
        faults=notice_faults(round_, kind, at) if strata else [],
        may_announce=bool(strata) and notice is None and policy.may(user, "pool.import"),
        may_answer=policy.may_begin(user, "pool.exclude"),
    )


def _sources(draw: Draw, params: Mapping[str, Any], user: User) -> list[SourceLine]:
    readings = list(draw.readings.select_related("by"))
    lines = []
    for number, source in enumerate(params["randomness"]):
        mine = [reading for reading in readings if reading.source == number]
        is_settled = number < len(draw.randomness)
        differs = [(r.by.name, r.numbers, r.issue) for r in mine] if not is_settled and len(mine) > 1 else []
        lines.append(
            SourceLine(
                source["label"],
                draw.randomness[number] if is_settled else [],
                draw.issues[number] if is_settled else "",
                [reading.by.name for reading in mine],
                differs,
            )
        )
    return lines


def _step(draw: Draw, signed: int, wanted: int) -> int:
    """Return which of the five steps is due; 6 = all done."""
    if draw.status == DrawStatus.DRAWN:
        return 4 if signed < wanted else 5
    return {DrawStatus.COMMITTED: 2, DrawStatus.SEEDED: 3, DrawStatus.PUBLISHED: 6}.get(DrawStatus(draw.status), 1)
