"""What a plan reads: the sections that will take part, their known clients, the last published round's figures."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from departments.models import Section
from evaluations.planning.rules.forecast import Drawn, Returns, expected_gate
from evaluations.planning.rules.inputs import Inputs
from evaluations.planning.rules.lines import Gate, LastRound, last_round
from evaluations.planning.rules.plan import Plan, plan
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED, RoundState
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.cells_file import named_sections, parse_cells
from evaluations.scoring.nc2.method import METHOD, parse_method_two
from evaluations.service_records.queries.frame import people_by_code
from evaluations.tally.models import Tally
from evaluations.turnout.queries import bound_codes, declared_sections, disclosed_turnout, drawn_evaluators, turnout

# On the first day the pace of the returns says too little.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Grounds:
    """What the plan of a round rests on: section code -> name, and the last round, if there is one."""

    rulebook: Mapping[str, Any]
    names: Mapping[str, str]
    last: LastRound | None
    # Name and returns of the last round, in words; empty where there is none.
    source: str

    def plan(self, inputs: Inputs) -> Plan:
        """Return the plan for these inputs."""
        return plan(self.rulebook, inputs, self.last)


def grounds(round_: Round) -> Grounds:
    """Read what the plan of a round in preparation rests on (two queries, four where there is a last round)."""
    sections = Section.objects.active().select_related("department").order_by("code")
    names = {section.code: str(section) for section in sections}
    rulebook = {**round_.rulebook, "sections": list(names), "vetoes": []}
    tally = _last_tally()
    last = _last(tally)
    return Grounds(rulebook, names, last, _source(tally.round) if tally else "")


def read_last(cells: Any, rulebook: Mapping[str, Any], digest: str = "") -> LastRound:
    """Return what a round's cells.json says; a fault is a CellsFileError or a RulebookError.

    Without the digest of that round's own rulebook it is read by another one's rules, which have to be the same.
    """
    if not digest:
        rulebook = {**rulebook, "sections": named_sections(cells), "vetoes": []}
        digest = str(cells.get("rulebook_sha256")) if isinstance(cells, dict) else ""
    method = parse_method_two(rulebook)
    return last_round(method, parse_cells(cells, method, digest))


def known_clients(round_: Round, sections: Iterable[str]) -> dict[str, int]:
    """Return section code -> people who dealt with it and can be drawn (one query, two where there are no records).

    The service records of the period say it of every section; without any, the round's pool of clients does.
    """
    if people := people_by_code(round_):
        return {code: people.get(code, 0) for code in sections}
    pool = PoolEntry.objects.filter(round=round_, kind=PoolKind.RECIPIENTS, exclusion="")
    dealt_with = pool.order_by().values_list("dealt_with", flat=True)
    return dict(Counter(code for codes in dealt_with.iterator() for code in codes.split()))


@dataclass(frozen=True)
class Forecast:
    """The expected gate of a running vote, and what it rests on besides the returns."""

    gate: Gate
    is_declared: bool
    has_last: bool
    # True if drawn clients have codes, each for one section.
    is_bound: bool


def forecast(round_: Round, at: datetime) -> Forecast | None:
    """Return the expected gate of a running vote of NC-2 from its second day on (five queries, six with drawn clients).

    It reads codes and declarations only. After the closing time nothing can be done any more.
    """
    is_running = round_.state == RoundState.OPEN and round_.opens_at + PATIENCE <= at < round_.closes_at
    if not is_running or round_.rulebook["method"] != METHOD:
        return None
    codes = list(round_.sections.order_by("code").values_list("code", flat=True))
    rulebook = {**round_.rulebook, "sections": codes, "vetoes": []}
    is_open = rulebook["sampled_forms"] != ISSUED_CODES
    most = {Channel.SAMPLED.value: rulebook["counted_sampled_ballots"]} if is_open else {}
    declared, last = declared_sections(drawn_evaluators(round_)), _last(_last_tally())
    drawn = bound_codes(round_) if rulebook.get("client_draw") else {}
    bound = {code: Returns(able, used) for code, (able, used) in drawn.items()}
    returns = {
        row["channel"]: Returns(row["issued"], row["returned"], most.get(row["channel"])) for row in turnout(round_)
    }
    found = expected_gate(
        rulebook,
        parse_method_two(rulebook),
        {**returns, **_general(returns, bound)},
        drawn=Drawn(declared, bound),
        elapsed=(at - round_.opens_at) / (round_.closes_at - round_.opens_at),
        last=last,
    )
    return Forecast(found, bool(declared), last is not None, bool(bound))


def _general(returns: Mapping[str, Returns], bound: Mapping[str, Returns]) -> dict[str, Returns]:
    """Return the targeted returns without those of drawn clients, whose ballots name one section each."""
    targeted = returns.get(Channel.TARGETED)
    if not targeted or not bound:
        return {}
    issued, used = (sum(getattr(of, name) for of in bound.values()) for name in ("issued", "used"))
    return {Channel.TARGETED: Returns(max(0, targeted.issued - issued), max(0, targeted.used - used))}


def _last(tally: Tally | None) -> LastRound | None:
    return read_last(json.loads(tally.cells), json.loads(tally.rulebook), tally.rulebook_sha256) if tally else None


def _source(round_: Round) -> str:
    """Return the name of the last round and how many ballots of each channel came back."""
    rows = (f"{row['label']}发出{row['issued']}张、收回{row['returned']}张" for row in disclosed_turnout(round_))
    return f"已公示的“{round_.name}”（{'，'.join(rows)}）"


def _last_tally() -> Tally | None:
    """Return the newest count of the last published round that was counted by NC-2."""
    counts = Tally.objects.filter(round__state__in=PUBLISHED).exclude(cells="")
    return counts.select_related("round").order_by("-round__period_start", "-round__pk", "-version").first()
