"""Events after a draw (抽取事件): removals, and opening a committed further round."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from evaluations.draws.models import Draw, DrawEntry, DrawEvent
from evaluations.draws.queries.committed_rounds import current_round, seats_of
from evaluations.draws.rules import RemovalReason, extension_faults, removal_faults
from evaluations.draws.services.ceremony import draw_head, mark_drawn, recompute
from evaluations.protocol import outcome
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from evaluations.scoring.method import Channel
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import protocol_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

CHANNEL_OF = {
    DrawPurpose.EVALUATORS: Channel.TARGETED,
    DrawPurpose.CLIENTS: Channel.TARGETED,
    DrawPurpose.ISSUED: Channel.SAMPLED,
}
PEOPLE = frozenset({DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS, DrawPurpose.CLIENTS, DrawPurpose.ISSUED})
# Filled by the app: (draw, moment) -> why its further round may not be opened, where that is not the return rate.
triggers: dict[DrawPurpose, Callable[[Draw, datetime], list[str]]] = {}
# Filled by the app: make codes, letters and messages of those newly drawn (draw, site, way, by, at), if they get any.
deliveries: dict[DrawPurpose, Callable[..., object]] = {}


@dataclass(frozen=True)
class Removal:
    """A removal: public reason, private explanation, dates of the calls."""

    reason: RemovalReason
    explanation: str
    calls: Sequence[date] = ()


@transaction.atomic
def remove_drawn(*, entry_id: int, removal: Removal, by: User, at: datetime) -> DrawEvent:
    """Remove a selected person; the next alternate of the stratum takes the seat, nobody else moves (递补)."""
    policy.check(by, "draw.redraw")
    draw = _lock_drawn(DrawEntry.objects.get(pk=entry_id).draw_id)
    entry = draw.entries.get(pk=entry_id)
    if draw.purpose not in PEOPLE:
        raise RuleViolation("只有人员抽取可以办理移除和递补。")
    if not removal.explanation.strip():
        raise RuleViolation("请填写说明。")
    if not entry.is_selected:
        raise RuleViolation("只能移除当时已抽中的人。")
    faults = removal_faults(
        removal.reason,
        before=reasons_so_far(draw),
        seats=seats_of(draw),
        calls=removal.calls,
        rules=draw.round.rulebook,
    )
    if faults:
        raise RuleViolation(*faults)
    body = {"type": "remove", "stratum": entry.stratum, "id": entry.token, "reason": removal.reason.value}
    event = _append(draw, body, by=by, at=at, entry=entry, removal=removal)
    detail = {"step_label": f"移除递补：{draw}", "reason": removal.reason.value, "seq": event.seq}
    detail["fixed"] = fixed_digests(("draw", draw.pk))
    audit.record("draw.redraw", draw, by=by, at=at, detail=detail, wrote=[draw, event])
    return event


@transaction.atomic
def open_next_round(*, draw_id: int, by: User, at: datetime, way: str = "", site: str = "") -> DrawEvent:
    """Open the next committed round (追加) once its committed trigger is met.

    With a `way` those newly drawn get their codes, letters and messages in the same act, or nothing is
    done at all.
    """
    policy.check(by, "draw.redraw")
    draw = _lock_drawn(draw_id)
    faults = further_round_faults(draw, at)
    if faults:
        raise RuleViolation(*faults)
    before = seats_of(draw)
    event = _append(draw, {"type": "open_round", "round": current_round(draw) + 1}, by=by, at=at)
    fixed, more = fixed_digests(("draw", draw.pk)), seats_of(draw) - before
    detail = {"step_label": f"启动追加抽取：{draw}，多抽{more}人", "seq": event.seq, "fixed": fixed}
    audit.record("draw.redraw", draw, by=by, at=at, detail=detail, wrote=[draw, event])
    if way:
        deliveries[DrawPurpose(draw.purpose)](draw=draw, way=way, site=site, by=by, at=at)
    return event


def further_round_faults(draw: Draw, at: datetime) -> list[str]:
    """Return in Chinese why no further round may be opened now; empty if it may."""
    if current_round(draw) >= len(json.loads(draw.params)["quota"]["rounds"]):
        return ["没有预先承诺的追加抽取，不能追加。"]
    if draw.purpose not in CHANNEL_OF or draw.round.state != RoundState.OPEN:
        return ["追加抽取只能在投票期间启动。"]
    if trigger := triggers.get(DrawPurpose(draw.purpose)):
        return trigger(draw, at)
    # Of those drawn here: clients' codes are bound to a section, and what is dead was never to come back.
    batches = draw.round.batches.filter(channel=CHANNEL_OF[DrawPurpose(draw.purpose)], section=None)
    living = Q(is_open=True, credentials__is_void=False) | Q(credentials__spend__isnull=False)
    codes = batches.aggregate(issued=Count("credentials", filter=living), returned=Count("credentials__spend"))
    return extension_faults(
        days_open=(at - draw.round.opens_at).days,
        issued=codes["issued"],
        returned=codes["returned"],
        rules=draw.round.rulebook,
    )


def reasons_so_far(draw: Draw) -> list[str]:
    """Return the reasons of the draw's removals in order."""
    bodies = [json.loads(body) for body in draw.events.values_list("body", flat=True)]
    return [body["reason"] for body in bodies if body["type"] == "remove"]


def _append(
    draw: Draw,
    body: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    entry: DrawEntry | None = None,
    removal: Removal | None = None,
) -> DrawEvent:
    event = {"seq": draw.events.count() + 1, "at": timezone.localtime(at).isoformat(timespec="seconds"), **body}
    row = DrawEvent.objects.create(
        draw=draw,
        seq=event["seq"],
        body=protocol_json(event).decode(),
        head=outcome.event_head(draw_head(draw), event),
        entry=entry,
        explanation=removal.explanation.strip() if removal else "",
        calls=[day.isoformat() for day in removal.calls] if removal else [],
        by=by,
        at=at,
    )
    result = recompute(draw)
    draw.save(update_fields=["result"])
    mark_drawn(draw, result["strata"])
    return row


def _lock_drawn(draw_id: int) -> Draw:
    draw = Draw.objects.select_for_update(of=("self",), no_key=True).select_related("round").get(pk=draw_id)
    if draw.status not in {DrawStatus.DRAWN, DrawStatus.PUBLISHED}:
        raise RuleViolation("抽取之后方可移除、递补或追加。")
    return draw
