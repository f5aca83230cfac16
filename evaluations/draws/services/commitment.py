"""Announcing, committing and abandoning draws (抽取; protocol 2.2, 3).

Committed data is stored byte for byte. The ceremony that follows is in `ceremony.py`, removals and further
rounds are in `removals.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluations.draws.models import Draw, DrawEntry, PlannedDraw
from evaluations.draws.services.candidates import (
    candidates,
    empty_pool,
    note_of,
    proportional,
    quota_of,
    section_candidates,
    sources,
)
from evaluations.draws.services.clients import record_faults
from evaluations.draws.services.lines import Candidate, roster_lines
from evaluations.pools.queries import notice_faults
from evaluations.pools.rules.kinds import POOL_OF
from evaluations.protocol import drawing
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lacks import Lack, Place, lacks_at, texts_of
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import protocol_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import insert_rows
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BATCH_SIZE = 2000
# People are drawn once the roster is frozen, counted ballots once the box is sealed and its root published.
DRAWABLE_IN = {
    DrawPurpose.SUPERVISORS: RoundState.FROZEN,
    DrawPurpose.EVALUATORS: RoundState.FROZEN,
    DrawPurpose.CLIENTS: RoundState.FROZEN,
    DrawPurpose.ISSUED: RoundState.FROZEN,
    DrawPurpose.COUNTED: RoundState.SEALED,
    DrawPurpose.INSPECTED: RoundState.PUBLISHED,
}
# Inspections must not be predictable: the commission plans their draw, and only salted tokens are public.
COMMIT_ACTION = dict.fromkeys(DrawPurpose, "draw.commit") | {DrawPurpose.INSPECTED: "insp.plan"}


@transaction.atomic
def plan_draw(*, planned: PlannedDraw, by: User, at: datetime, reason: str = "") -> PlannedDraw:
    """Announce a draw in the public register; a change needs a reason and keeps the old announcement visible."""
    purpose = DrawPurpose(planned.purpose)
    policy.check_starts(by, COMMIT_ACTION[purpose])
    round_ = lock_round(planned.round_id)
    earlier = planned_draw(round_, purpose)
    if round_.draws.standing().filter(purpose=purpose).exists():
        raise RuleViolation(f"“{purpose.label}”的承诺已经公布，登记不能再改。")
    if planned.planned_at <= at:
        when = f"{timezone.localtime(planned.planned_at):%Y年%-m月%-d日 %H:%M}"
        raise RuleViolation(f"“{purpose.label}”的时间{when}已经过去，请核对后填写今后的时间。")
    if earlier and not reason.strip():
        raise RuleViolation("更改登记须填写理由，原登记保留可查。")
    if earlier:
        PlannedDraw.objects.filter(pk=earlier.pk).update(replaced_at=at, replaced_reason=reason.strip())
    planned.announced_at = at
    planned.save()
    detail = {"step_label": f"登记：{purpose.label}", "planned_at": planned.planned_at.isoformat()}
    audit.record(
        COMMIT_ACTION[purpose],
        planned,
        by=by,
        at=at,
        reason=reason,
        detail=detail,
        wrote=filter(None, [planned, earlier]),
    )
    return planned


@transaction.atomic
def commit_draw(*, round_id: int, purpose: DrawPurpose, by: User, at: datetime) -> Draw:
    """Freeze the pool and parameters of a draw and publish their hash, before any randomness (protocol 3.7)."""
    policy.check(by, COMMIT_ACTION[purpose])
    round_ = lock_round(round_id)
    planned = refuse_commitment(round_, purpose, at)
    return _commit(planned, candidates(round_, purpose), by=by, at=at)


@transaction.atomic
def commit_section_draw(*, round_id: int, codes: Sequence[str], seats: int, by: User, at: datetime) -> Draw:
    """Commit a draw of `seats` sections to inspect (暗访) from these codes; `drawn_sections` returns the result.

    It enters the register only now, because an earlier announcement would warn the units.
    """
    policy.check(by, COMMIT_ACTION[DrawPurpose.INSPECTED])
    round_ = lock_round(round_id)
    _refuse_wrong_time(round_, DrawPurpose.INSPECTED)
    known = set(round_.sections.filter(code__in=codes).values_list("code", flat=True))
    if len(known) < len(codes):
        raise RuleViolation("抽取范围中有重复的科室，或有不在本轮名录中的科室。")
    if not 1 <= seats <= len(known):
        raise RuleViolation(f"抽取数量应在1到{len(known)}之间。")
    planned = PlannedDraw.objects.create(
        round=round_,
        purpose=DrawPurpose.INSPECTED,
        planned_at=at + timedelta(hours=round_.rulebook["draw_lead_hours"]),
        place="纪委监委",
        witnesses="暗访督查组、监督员",
        announced_at=at,
    )
    return _commit(planned, section_candidates(codes), by=by, at=at, seats=seats)


@transaction.atomic
def abandon_draw(*, draw_id: int, reason: str, by: User, at: datetime) -> Draw:
    """Abandon a committed draw without randomness (放弃); its record and the reason stay public."""
    draw = lock_draw(draw_id, DrawStatus.COMMITTED, "尚未录入随机数的抽取方可作废。")
    policy.check(by, COMMIT_ACTION[DrawPurpose(draw.purpose)])
    if draw.readings.exists():
        raise RuleViolation("已录入随机数的抽取不能作废，必须完成抽取。")
    if not reason.strip():
        raise RuleViolation("请填写作废理由。")
    draw.status, draw.abandoned_at, draw.abandon_reason = DrawStatus.ABANDONED, at, reason.strip()
    draw.save(update_fields=["status", "abandoned_at", "abandon_reason"])
    action = COMMIT_ACTION[DrawPurpose(draw.purpose)]
    detail = {"step_label": "作废抽取", "abandoned": True}
    audit.record(action, draw, by=by, at=at, reason=reason, detail=detail, wrote=[draw])
    return draw


@transaction.atomic
def open_roster(*, draw_id: int, by: User, at: datetime) -> list[bytes]:
    """Return the private roster (tokens and salts) for the notary; uses up an approval."""
    draw = Draw.objects.get(pk=draw_id)
    spent = authorizations.consume("pool.roster", draw, by=by, at=at)
    detail = {"step_label": f"导出封存名册：{draw}"}
    audit.record("pool.export", draw, by=by, at=at, detail=detail, wrote=filter(None, [spent]))
    return roster_lines(draw.entries.exclude(salt="").iterator())


def drawn_sections(draw: Draw) -> list[str]:
    """Return the codes of the drawn sections in drawing order; not public."""
    return list(draw.entries.filter(is_selected=True).order_by("place").values_list("ref", flat=True))


def planned_draw(round_: Round, purpose: DrawPurpose) -> PlannedDraw | None:
    """Return the current announcement for a purpose, or None."""
    return round_.planned_draws.filter(purpose=purpose, replaced_at=None).last()


def commit_faults(round_: Round, purpose: DrawPurpose, at: datetime) -> list[str]:
    """Return in Chinese what is missing for the commitment, as the refusal gives it."""
    return texts_of(commit_lacks(round_, purpose, at))


def commit_lacks(round_: Round, purpose: DrawPurpose, at: datetime) -> list[Lack]:
    """Return what is missing for the commitment, each with the place where it is mended."""
    found = lacks_at(Place.PLANNED_DRAW, _plan_faults(planned_draw(round_, purpose), purpose, round_, at), purpose)
    if purpose in POOL_OF:
        found += lacks_at(Place.POOL, notice_faults(round_, POOL_OF[purpose], at), POOL_OF[purpose])
    if purpose == DrawPurpose.CLIENTS:
        found += lacks_at(Place.RECORDS, record_faults(round_))
    return found


def _plan_faults(planned: PlannedDraw | None, purpose: DrawPurpose, round_: Round, at: datetime) -> Iterator[str]:
    if planned is None:
        yield f"“{purpose.label}”尚未公告，不能公布承诺。请先公告抽取。"
    elif planned.planned_at < at or (purpose == DrawPurpose.COUNTED and planned.planned_at < round_.closes_at):
        when = f"{timezone.localtime(planned.planned_at):%Y年%-m月%-d日 %H:%M}"
        is_past = planned.planned_at < at
        yield f"“{purpose.label}”公告的时间{when}{'已经过去' if is_past else '早于投票截止时间'}，请更改公告。"


def refuse_commitment(round_: Round, purpose: DrawPurpose, at: datetime) -> PlannedDraw:
    """Refuse a commitment at a wrong time or without what it needs; otherwise return the draw's announcement."""
    _refuse_wrong_time(round_, purpose)
    planned = planned_draw(round_, purpose)
    faults = commit_faults(round_, purpose, at)
    if faults or planned is None:
        raise RuleViolation(*faults)
    return planned


def lock_draw(draw_id: int, status: DrawStatus, refusal: str) -> Draw:
    """Lock and return the draw; refuses any other status."""
    draw = Draw.objects.select_for_update(of=("self",), no_key=True).select_related("round", "planned").get(pk=draw_id)
    if draw.status != status:
        raise RuleViolation(refusal)
    return draw


def checked(rule: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a protocol function; turns DrawError into RuleViolation."""
    try:
        return rule(*args, **kwargs)
    except drawing.DrawError as error:
        raise RuleViolation(str(error)) from None


def _refuse_wrong_time(round_: Round, purpose: DrawPurpose) -> None:
    if round_.state != DRAWABLE_IN[purpose]:
        raise RuleViolation(f"“{purpose.label}”只能在轮次处于“{DRAWABLE_IN[purpose].label}”时进行。")
    if purpose == DrawPurpose.INSPECTED:
        return  # there may be several inspections in a round
    if round_.draws.standing().filter(purpose=purpose).exists():
        raise RuleViolation(f"本轮已有“{purpose.label}”，不能重复抽取。")


def _commit(planned: PlannedDraw, lines: list[Candidate], *, by: User, at: datetime, seats: int = 0) -> Draw:
    if not lines:
        raise RuleViolation(empty_pool(DrawPurpose(planned.purpose)))
    params = _params(planned.round, DrawPurpose(planned.purpose), lines, seats)
    draw = Draw.objects.create(
        round=planned.round,
        planned=planned,
        purpose=planned.purpose,
        draw_id=params["draw_id"],
        params=protocol_json(params).decode(),
        commit=drawing.commitment(params),
        committed_at=at,
    )
    waiting = iter(lines)
    # Half a million lines: model instances would take as long as all else together.
    while batch := [(draw.pk, *line, False) for line in islice(waiting, BATCH_SIZE)]:
        insert_rows(DrawEntry, ("draw_id", *Candidate._fields, "is_selected"), batch)
    action = COMMIT_ACTION[DrawPurpose(draw.purpose)]
    people = "clients" if draw.purpose == DrawPurpose.CLIENTS else "people"
    fixed = fixed_digests(("draw", draw.pk), (people, draw.pk))
    detail = {"step_label": f"公布承诺：{draw}", "commit": draw.commit, "fixed": fixed}
    audit.record(action, draw, by=by, at=at, detail=detail, wrote=[draw, planned])
    return draw


def _params(round_: Round, purpose: DrawPurpose, lines: Sequence[Candidate], seats: int) -> dict[str, Any]:
    strata = sorted({line.stratum for line in lines}, key=str.encode)
    quota, alternates = (proportional([seats]), 0) if seats else quota_of(round_, purpose, strata)
    randomness = sources(round_.rulebook)
    if drawing.entropy_bits(randomness) < drawing.LEAST_ENTROPY_BITS:
        raise RuleViolation("随机数来源合计不足64比特，请在规则中增加骰子枚数或彩票。")
    params: dict[str, Any] = checked(
        drawing.make_params,
        draw_id=f"{round_.key}-{purpose.value}-{round_.draws.filter(purpose=purpose).count() + 1}",
        purpose=purpose.value,
        pool=((line.stratum, line.token) for line in lines),
        exclusions=((line.stratum, line.token, line.exclusion) for line in lines if line.exclusion),
        quota=quota,
        alternates=alternates,
        randomness=randomness,
        note=note_of(round_, purpose, lines),
    )
    return params
