"""Data of the ceremony page and of the page of drawn people."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator

from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries.committed_rounds import current_round, seats_of
from evaluations.draws.queries.people import number_of
from evaluations.draws.queries.strata import StratumLine, strata_of
from evaluations.draws.rules import DISCRETIONARY, most_discretionary
from evaluations.draws.services import ceremony, removals
from evaluations.draws.services.commitment import COMMIT_ACTION
from evaluations.draws.services.signing import DRAWN, ISSUE
from evaluations.protocol import drawing
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

PEOPLE_PER_PAGE = 100
STATES = ("selected", "alternate")
TAIL = 4  # digits from which a number is looked for at the end of phones, not as a place
STEPS = ("公布承诺", "录入随机数", "抽取", "监督员签名", "公开证明")


@dataclass(frozen=True)
class SourceLine:
    """One source of randomness: its settled numbers, or who entered a reading; `differs` = unequal readings."""

    label: str
    numbers: list[int]
    issue: str
    readers: list[str] = field(default_factory=list)
    differs: list[tuple[str, list[int], str]] = field(default_factory=list)


@dataclass(frozen=True)
class CeremonyPage:
    """Data of the ceremony page."""

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
    may_run: bool
    may_abandon: bool
    has_signing_codes: bool


@dataclass(frozen=True)
class DrawnPeople:
    """A page of drawn people and alternates, past events, and the actions still allowed."""

    entries: Page[DrawEntry] | None
    # (stratum, drawn, alternates) of the whole draw.
    strata: list[tuple[str, int, int]]
    asked: Mapping[str, str]
    events: list[tuple[Mapping[str, Any], Any]]
    discretionary: int
    most_discretionary: int
    may_remove: bool
    may_write: bool
    round_faults: list[str]
    has_next_round: bool


def ceremony_page(draw: Draw, user: User, at: datetime) -> CeremonyPage:
    """Read the data of the ceremony page in a fixed number of queries."""
    params = json.loads(draw.params)
    is_committed, is_drawn = draw.status == DrawStatus.COMMITTED, draw.status == DrawStatus.DRAWN
    settled = len(draw.randomness)
    signatures = draw.signatures.select_related("supervisor__person")
    signed = [str(s.supervisor.person.name) for s in signatures if s.supervisor.person]
    wanted = ceremony.signatures_wanted(draw)
    earliest = ceremony.earliest_randomness(draw)
    is_early = at < earliest and not draw.round.is_demo
    may_enter = policy.may(user, "draw.seed") and is_committed and not is_early
    return CeremonyPage(
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
        may_run=policy.may_start(user, "draw.run"),
        may_abandon=is_committed
        and not draw.readings.exists()
        and policy.may_start(user, COMMIT_ACTION[DrawPurpose(draw.purpose)]),
        has_signing_codes=draw.purpose == DrawPurpose.SUPERVISORS
        and draw.status in DRAWN
        and policy.may_see(user, ISSUE),
    )


def drawn_people(draw: Draw, user: User, at: datetime, asked: Mapping[str, str]) -> DrawnPeople:
    """Read a page of the drawn people by name; the caller has checked the permission.

    `asked` = q (name, last digits of the phone, or number), stratum, state and page.
    """
    if not draw.result:
        return DrawnPeople(None, [], asked, [], 0, 0, False, False, [], False)
    reasons = removals.reasons_so_far(draw)
    rounds = json.loads(draw.params)["quota"]["rounds"]
    return DrawnPeople(
        entries=_found(draw, asked),
        strata=list(_counts(draw)),
        asked=asked,
        events=[
            (json.loads(event.body), event)
            for event in draw.events.select_related("entry__person", "entry__client", "by")
        ],
        discretionary=sum(reason in DISCRETIONARY for reason in reasons),
        most_discretionary=most_discretionary(seats_of(draw), draw.round.rulebook["removal_percent"]),
        may_remove=policy.may_start(user, "draw.redraw") and draw.purpose in removals.PEOPLE,
        may_write=policy.may(user, "pool.unmask") and draw.purpose in removals.PEOPLE,
        round_faults=removals.further_round_faults(draw, at),
        has_next_round=current_round(draw) < len(rounds),
    )


def _counts(draw: Draw) -> Iterator[tuple[str, int, int]]:
    found: dict[str, Counter[bool]] = {}
    for stratum, is_selected in draw.entries.exclude(place=None).values_list("stratum", "is_selected"):
        found.setdefault(stratum, Counter())[is_selected] += 1
    for stratum, people in found.items():
        yield stratum, people[True], people[False]


def _found(draw: Draw, asked: Mapping[str, str]) -> Page[DrawEntry]:
    entries = draw.entries.exclude(place=None).select_related("person", "client")
    if stratum := asked.get("stratum"):
        entries = entries.filter(stratum=stratum)
    if (state := asked.get("state")) in STATES:
        entries = entries.filter(is_selected=state == STATES[0])
    typed = name_key(asked.get("q", ""))
    # Names are compared by their keys and phones are encrypted: only Python can search them.
    found = [entry for entry in entries if _matches(entry, typed)] if typed else entries
    return Paginator(found, PEOPLE_PER_PAGE).get_page(asked.get("page"))


def _matches(entry: DrawEntry, typed: str) -> bool:
    if typed.isascii() and typed.isdigit() and len(typed) < TAIL:
        return str(entry.place) == typed
    person = entry.drawn
    if entry.token.startswith(typed) or person is None:
        return entry.token.startswith(typed)
    return typed in name_key(person.name) or (typed.isdigit() and number_of(person).endswith(typed))


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
    """Return the number of the current step; 6 = all done."""
    if draw.status == DrawStatus.DRAWN:
        return 4 if signed < wanted else 5
    return {DrawStatus.COMMITTED: 2, DrawStatus.SEEDED: 3, DrawStatus.PUBLISHED: 6}.get(DrawStatus(draw.status), 1)
