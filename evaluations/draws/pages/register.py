"""Data of the public draw pages: the register, and one draw; no personal data."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.queries.sample import whole_samples
from evaluations.draws.queries.strata import StratumLine, left_out, strata_of
from evaluations.draws.rules import DISCRETIONARY, event_label, most_discretionary
from evaluations.draws.services.removals import PEOPLE
from evaluations.pools.models import PoolNotice
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus

UNITS = {DrawPurpose.COUNTED: "张", DrawPurpose.INSPECTED: "个科室"}
# Tokens that a page lists, and lines of the whole list that weigh as much.
TOKENS_ON_PAGE, LINES_A_TOKEN = 5000, 10


@dataclass(frozen=True)
class RegisterLine:
    """One purpose of a round: its announcement, replaced announcements, and all its draws."""

    label: str
    planned: PlannedDraw | None
    replaced: list[PlannedDraw]
    draws: list[Draw]
    abandoned: int
    # Nothing is drawn, and nothing will be: the sampled ballots all count.
    is_needless: bool


@dataclass(frozen=True)
class NoticeLine:
    """A pool's notice, and the one that replaced it if it was withdrawn and the pool announced again."""

    notice: PoolNotice
    replaced_by: PoolNotice | None


@dataclass(frozen=True)
class RegisterRound:
    """The register of one round, with the notices of its pools."""

    round: Round
    phone: str
    notices: list[NoticeLine]
    lines: list[RegisterLine]
    # That the sampled ballots all count without a draw; or "".
    whole_sample: str


@dataclass(frozen=True)
class PublicDraw:
    """One draw as the public sees it: results only after publication."""

    draw: Draw
    params: Mapping[str, Any]
    stations: list[tuple[str, datetime | None]]
    sources: list[tuple[Mapping[str, Any], list[int], str]]
    strata: list[StratumLine]
    events: list[tuple[Mapping[str, Any], str, str]]
    discretionary: int
    most_discretionary: int
    signatures: int
    is_public: bool
    has_people: bool
    # The committed note without its digests, which stand in the folded part.
    note: str
    # What is drawn: 人, 张 (ballots), 个科室.
    unit: str
    # Each section's clients are drawn by themselves: its chance is shown, and which sections were left out.
    is_by_section: bool
    left_out: list[str]
    # True: too much for a page and a phone; the drawn tokens stand in a file of their own.
    is_long: bool


def draw_register() -> list[RegisterRound]:
    """Return the registers of all rounds that have one (six queries)."""
    planned = _by_round(PlannedDraw.objects.all())
    draws = _by_round(Draw.objects.defer("params", "result", "randomness"))
    answered = Count("objections", filter=~Q(objections__answer=""))
    notices = _by_round(PoolNotice.objects.annotate(received=Count("objections"), answered=answered))
    known = {*planned, *draws, *notices}
    rounds = list(Round.objects.filter(pk__in=known).defer("ballot_form"))
    whole = whole_samples(rounds)
    return [
        RegisterRound(
            round=round_,
            phone=round_.rulebook["office_phone"],
            notices=_notices(notices.get(round_.pk, [])),
            lines=_lines(planned.get(round_.pk, []), draws.get(round_.pk, []), is_whole=round_.pk in whole),
            whole_sample=whole.get(round_.pk, ""),
        )
        for round_ in rounds
    ]


def public_draw(draw: Draw) -> PublicDraw:
    """Return the data of a draw's page, in any state."""
    params = json.loads(draw.params)
    is_public = draw.status == DrawStatus.PUBLISHED
    settled = len(draw.randomness)
    strata = strata_of(draw, params)
    events = [(json.loads(body), head) for body, head in draw.events.values_list("body", "head")] if is_public else []
    seats = sum(stratum.seats for stratum in strata)
    return PublicDraw(
        draw=draw,
        params=params,
        stations=_stations(draw),
        sources=[
            (source, draw.randomness[n] if n < settled else [], draw.issues[n] if n < settled else "")
            for n, source in enumerate(params["randomness"])
        ],
        strata=strata if is_public else [StratumLine(s.name, s.eligible, s.seats, s.empty) for s in strata],
        events=[(body, event_label(body), head) for body, head in events],
        discretionary=sum(body.get("reason") in DISCRETIONARY for body, _ in events),
        most_discretionary=most_discretionary(seats, draw.round.rulebook["removal_percent"]),
        signatures=draw.signatures.count(),
        is_public=is_public,
        has_people=draw.purpose in PEOPLE,
        note="；".join(part for part in params["note"].split("；") if "校验值" not in part),
        unit=UNITS.get(DrawPurpose(draw.purpose), "人"),
        is_by_section=draw.purpose == DrawPurpose.CLIENTS,
        left_out=left_out(draw, params),
        is_long=max(params["pool_size"] // LINES_A_TOKEN, seats) > TOKENS_ON_PAGE,
    )


def chances_csv(draw: Draw) -> str:
    """Return everybody's chance in each section as a table for spreadsheets, the sections left out at its end."""
    params, text = json.loads(draw.params), io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("科室代码", "科室", "可抽人数", "抽取人数", "每人的机会", "说明"))
    for line in strata_of(draw, params):
        code, _, name = line.name.partition(" ")
        rows.writerow((code, name, line.eligible, line.seats, line.percent, ""))
    for section in left_out(draw, params):
        code, _, name = section.partition(" ")
        rows.writerow((code, name, "", "", "", "可抽的办事群众太少，不单独抽取"))
    return text.getvalue()


def _notices(notices: Sequence[PoolNotice]) -> list[NoticeLine]:
    """Pair each withdrawn notice with the next one of its pool."""
    return [
        NoticeLine(
            notice,
            next((later for later in notices if later.kind == notice.kind and later.pk > notice.pk), None),
        )
        for notice in notices
    ]


def _by_round(rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.round_id, []).append(row)
    return found


def _lines(planned: Sequence[PlannedDraw], draws: Sequence[Draw], *, is_whole: bool) -> list[RegisterLine]:
    known = {line.purpose for line in planned} | {draw.purpose for draw in draws}
    return [
        _line(
            purpose,
            [p for p in planned if p.purpose == purpose],
            [d for d in draws if d.purpose == purpose],
            is_needless=is_whole and purpose == DrawPurpose.COUNTED,
        )
        for purpose in DrawPurpose
        if purpose in known
    ]


def _line(
    purpose: DrawPurpose, planned: Sequence[PlannedDraw], draws: Sequence[Draw], *, is_needless: bool
) -> RegisterLine:
    return RegisterLine(
        label=purpose.label,
        planned=next((line for line in planned if line.replaced_at is None), None),
        replaced=[line for line in planned if line.replaced_at is not None],
        draws=list(draws),
        abandoned=sum(draw.status == DrawStatus.ABANDONED for draw in draws),
        is_needless=is_needless,
    )


def _stations(draw: Draw) -> list[tuple[str, datetime | None]]:
    announced = draw.planned.announced_at if draw.planned else None
    return [
        ("公告抽取", announced),
        ("公布承诺", draw.committed_at),
        ("随机数确定", draw.seeded_at),
        ("抽取", draw.drawn_at),
        ("公开证明", draw.published_at),
    ]
