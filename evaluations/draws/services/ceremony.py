"""The ceremony of a committed draw (抽取仪式): numbers entered by two users, draw, signatures, publication.

Steps cannot be undone; each one locks the draw's row, so that a repeated request finds it already done.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluations.ballots.models import Ballot, Rating
from evaluations.draws.models import Draw, DrawEntry, DrawSignature, RandomnessEntry
from evaluations.draws.queries.proofs import exclusion_rows, pool_rows
from evaluations.draws.services.candidates import LOTTERY_LABEL
from evaluations.draws.services.commitment import checked, lock_draw
from evaluations.draws.services.signing import SUPERVISOR, spend_signing_code
from evaluations.protocol import drawing, outcome
from evaluations.protocol.drawing import Progress, no_progress
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from evaluations.scoring.method import Channel
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import update_rows
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import are_two_persons, require_numbered

BATCH_SIZE = 2000
# The draw of the supervisors themselves is signed by witnesses on paper instead.
UNSIGNED = frozenset({DrawPurpose.SUPERVISORS})


@dataclass(frozen=True)
class Reading:
    """One user's reading of a source: index of the source, numbers, and the issue of a lottery."""

    source: int
    numbers: Sequence[int]
    issue: str = ""


@transaction.atomic
def enter_randomness(*, draw_id: int, reading: Reading, by: User, at: datetime) -> Draw:
    """Enter the numbers of a source; they count once another person has entered the same (两人独立录入)."""
    policy.check(by, "draw.seed")
    require_numbered(by)
    draw = lock_draw(draw_id, DrawStatus.COMMITTED, "随机数须在公布承诺后录入，且只能录入一次。")
    params = json.loads(draw.params)
    _refuse_early(draw, at)
    _refuse_wrong_turn(draw, reading.source, len(params["randomness"]))
    source = params["randomness"][reading.source]
    checked(drawing.check_numbers, source, reading.numbers)
    if needs_issue(source) and not reading.issue.strip():
        raise RuleViolation(f"请填写“{source['label']}”的期号。")
    numbers, issue = list(reading.numbers), reading.issue.strip() if needs_issue(source) else ""
    readings = draw.readings.filter(source=reading.source).select_related("by")
    others = [other for other in readings if are_two_persons(by, other.by)]
    agrees = any((other.numbers, other.issue) == (numbers, issue) for other in others)
    entry, _ = RandomnessEntry.objects.update_or_create(
        draw=draw, source=reading.source, by=by, defaults={"numbers": numbers, "issue": issue, "at": at}
    )
    if agrees:
        _settle(draw, params, numbers, issue, at)
    detail = {"step_label": f"录入随机数：{source['label']}", "numbers": numbers, "issue": issue, "agrees": agrees}
    audit.record("draw.seed", draw, by=by, at=at, detail=detail, wrote=[draw, entry])
    return draw


@transaction.atomic
def run_draw(*, draw_id: int, by: User, at: datetime, progress: Progress = no_progress) -> Draw:
    """Draw, and mark the entries drawn; a draw runs only once."""
    policy.check(by, "draw.run")
    draw = lock_draw(draw_id, DrawStatus.SEEDED, "抽取须在录入随机数后进行，且只能抽取一次。")
    result = recompute(draw, progress)
    draw.drawn_at, draw.drawn_by, draw.status = at, by, DrawStatus.DRAWN
    draw.save(update_fields=["result", "drawn_at", "drawn_by", "status"])
    mark_drawn(draw, result["strata"])
    fixed = fixed_digests(("draw", draw.pk))
    if draw.purpose == DrawPurpose.COUNTED:
        _count_drawn_ballots(draw)
        fixed |= fixed_digests(("box", draw.round_id))
    detail = {"step_label": f"执行抽取：{draw}", "seed": draw.seed, "fixed": fixed}
    audit.record("draw.run", draw, by=by, at=at, detail=detail, wrote=[draw])
    return draw


@transaction.atomic
def sign_draw(*, draw_id: int, code: str, at: datetime) -> DrawSignature:
    """Sign a draw with a supervisor's one-time code; each supervisor signs once."""
    policy.check_sees(SUPERVISOR, "draw.run")
    draw = lock_draw(draw_id, DrawStatus.DRAWN, "该项抽取尚未执行或者已公开，不能签名。")
    spent = spend_signing_code(draw.round, code, at=at)
    supervisor = spent.entry
    signature, is_new = DrawSignature.objects.get_or_create(draw=draw, supervisor=supervisor, defaults={"at": at})
    if not is_new:
        raise RuleViolation("这名监督员已经为本次抽取签名。")
    detail = {"step_label": "监督员签名", "entry": supervisor.pk}
    audit.record("draw.run", draw, by=SUPERVISOR, at=at, detail=detail, wrote=[spent, signature])
    return signature


@transaction.atomic
def publish_draw(*, draw_id: int, by: User, at: datetime) -> Draw:
    """Publish the proof (公开证明) once enough supervisors have signed."""
    policy.check(by, "draw.run")
    draw = lock_draw(draw_id, DrawStatus.DRAWN, "该项抽取尚未执行或者已公开，不能重复公开。")
    lacking = signatures_wanted(draw) - draw.signatures.count()
    if lacking > 0:
        raise RuleViolation(f"还差{lacking}名监督员签名，至少要{signatures_wanted(draw)}名。")
    draw.published_at, draw.status = at, DrawStatus.PUBLISHED
    draw.save(update_fields=["published_at", "status"])
    detail = {"step_label": f"公开证明：{draw}", "head": draw_head(draw)}
    audit.record("draw.run", draw, by=by, at=at, detail=detail, wrote=[draw])
    return draw


def signatures_wanted(draw: Draw) -> int:
    """Return how many supervisors must sign before the draw can be published."""
    return 0 if draw.purpose in UNSIGNED else int(draw.round.rulebook["supervisors_present"])


def earliest_randomness(draw: Draw) -> datetime:
    """Return when randomness may be entered: after the lead time, not before the announced time."""
    ready = draw.committed_at + timedelta(hours=draw.round.rulebook["draw_lead_hours"])
    return max(ready, draw.planned.planned_at) if draw.planned else ready


def needs_issue(source: Mapping[str, Any]) -> bool:
    """True if the source is a lottery, whose issue number must be given."""
    return str(source["label"]).startswith(LOTTERY_LABEL)


def draw_head(draw: Draw) -> str:
    """Return the head of the draw's event chain."""
    last = draw.events.last()
    return last.head if last else draw.commit


def recompute(draw: Draw, progress: Progress = no_progress) -> dict[str, Any]:
    """Repeat the draw from stored data with all its events; sets the result without saving it."""
    events = [json.loads(body) for body in draw.events.values_list("body", flat=True)]
    result: dict[str, Any] = checked(
        outcome.draw,
        json.loads(draw.params),
        list(pool_rows(draw)),
        list(exclusion_rows(draw)),
        draw.randomness,
        events,
        progress,
    )
    draw.result = canonical_json(result).decode()  # not J(): its keys are stratum names
    return result


def mark_drawn(draw: Draw, strata: Mapping[str, Mapping[str, Any]]) -> None:
    """Store places and selection after the draw or one of its events; only what has changed is written."""
    stored = draw.entries.exclude(place=None).values_list("stratum", "token", "pk", "place", "is_selected")
    before = {(stratum, token): (pk, place, selected) for stratum, token, pk, place, selected in stored.iterator()}
    changed: list[tuple[int, int, bool]] = []
    for stratum, line in strata.items():
        tokens, selected = [*line["selected"], *line["alternates"]], len(line["selected"])
        places = {token: (place, place <= selected) for place, token in enumerate(tokens, start=1)}
        known = {token: before.pop((stratum, token), None) for token in tokens}
        new = [token for token, row in known.items() if row is None]
        for some in _pieces(new):
            found = draw.entries.filter(stratum=stratum, token__in=some).values_list("token", "pk")
            changed += ((pk, *places[token]) for token, pk in found)
        changed += ((row[0], *places[token]) for token, row in known.items() if row and row[1:] != places[token])
    for gone in _pieces([pk for pk, *_ in before.values()]):
        draw.entries.filter(pk__in=gone).update(place=None, is_selected=False)
    for some in _pieces(changed):
        update_rows(DrawEntry, ("place", "is_selected"), some)


def _pieces(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + BATCH_SIZE] for start in range(0, len(rows), BATCH_SIZE))


def _settle(draw: Draw, params: Mapping[str, Any], numbers: list[int], issue: str, at: datetime) -> None:
    """Settle a source on which two users agree; after the last one, compute the seed."""
    draw.randomness, draw.issues = [*draw.randomness, numbers], [*draw.issues, issue]
    if len(draw.randomness) == len(params["randomness"]):
        draw.seed = checked(drawing.draw_seed, params, draw.randomness)
        draw.seeded_at, draw.status = at, DrawStatus.SEEDED
    draw.save(update_fields=["randomness", "issues", "seed", "seeded_at", "status", "lead_waived"])


def _refuse_early(draw: Draw, at: datetime) -> None:
    earliest = timezone.localtime(earliest_randomness(draw))
    if at >= earliest:
        return
    if not draw.round.is_demo:
        raise RuleViolation(
            f"公布承诺后至少{draw.round.rulebook['draw_lead_hours']}小时，且到登记的抽取时间，方可录入随机数"
            f"（最早{earliest:%Y年%-m月%-d日 %H:%M}）。"
        )
    draw.lead_waived = True  # shown on every page of the draw
    draw.save(update_fields=["lead_waived"])


def _refuse_wrong_turn(draw: Draw, source: int, sources: int) -> None:
    settled = len(draw.randomness)
    if not 0 <= source < sources:
        raise RuleViolation("没有这一组随机数来源。")
    if source < settled:
        raise RuleViolation("这一组随机数两人录入一致，已经确定，不能再改。")
    if source > settled:
        raise RuleViolation("请先完成前一组随机数的录入；彩票须在骰子之后。")


def _count_drawn_ballots(draw: Draw) -> None:
    drawn = draw.entries.filter(is_selected=True).values("token")
    ballots = Ballot.objects.filter(round=draw.round, channel=Channel.SAMPLED, receipt__in=drawn)
    Rating.objects.filter(ballot__in=ballots.values("pk")).update(is_counted=True)
    ballots.update(is_counted=True)
