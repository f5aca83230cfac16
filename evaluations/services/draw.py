"""The draws (抽取): commit, enter the randomness, draw; one way (protocol nanchuan-draw/1).

What is committed is stored to the byte; the proof is made once from just that and never re-serialised.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import transaction

from evaluations.models import Ballot, Draw, DrawEntry, PoolEntry, Rating, Round
from evaluations.rules import drawing
from evaluations.rules.indicators import Channel
from evaluations.rules.rounds import DrawPurpose, DrawStatus, RoundState
from evaluations.rules.rulebook import shares_of
from evaluations.services.round import lock_round
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import User
from nanchuan_eval.rules.canonical import canonical_json, protocol_json

BATCH_SIZE = 2000
# People are drawn once the roster is frozen, the ballots to count once the box is sealed and its root public.
DRAWABLE_IN = {
    DrawPurpose.SUPERVISORS: RoundState.FROZEN,
    DrawPurpose.EVALUATORS: RoundState.FROZEN,
    DrawPurpose.COUNTED: RoundState.SEALED,
    DrawPurpose.INSPECTED: RoundState.PUBLISHED,
}
# Which sections are inspected is kept from them: the commission plans it, and only salted tokens are public.
COMMIT_ACTION = dict.fromkeys(DrawPurpose, "draw.commit") | {DrawPurpose.INSPECTED: "insp.plan"}
SECTIONS = "科室"
_NEXT_ISSUE = "当期未开奖的，用其后第一期"
LOTTERY_NUMBERS: Mapping[str, Mapping[str, Any]] = {
    "快乐8": {"n": 20, "min": 1, "max": 80, "order": "sorted", "fallback": _NEXT_ISSUE},
    "双色球": {"n": 6, "min": 1, "max": 33, "order": "sorted", "fallback": _NEXT_ISSUE},
    "福彩3D": {"n": 3, "min": 0, "max": 9, "order": "drawn", "fallback": _NEXT_ISSUE},
}


@transaction.atomic
def commit_draw(*, round_id: int, purpose: DrawPurpose, by: User, at: datetime) -> Draw:
    """Freeze pool and parameters of a draw and publish their hash before any randomness exists (protocol 3.7)."""
    policy.check(by, COMMIT_ACTION[purpose])
    round_ = lock_round(round_id)
    _refuse_wrong_time(round_, purpose)
    return _commit(round_, purpose, _entries(round_, purpose), by=by, at=at)


@transaction.atomic
def commit_section_draw(*, round_id: int, codes: Sequence[str], seats: int, by: User, at: datetime) -> Draw:
    """Commit a draw of `seats` sections to inspect (暗访) out of these codes; who was drawn: `drawn_sections`."""
    policy.check(by, COMMIT_ACTION[DrawPurpose.INSPECTED])
    round_ = lock_round(round_id)
    _refuse_wrong_time(round_, DrawPurpose.INSPECTED)
    known = set(round_.sections.filter(code__in=codes).values_list("code", flat=True))
    if len(known) < len(codes):
        raise RuleViolation("抽取范围中有重复的科室，或有不在本轮名录中的科室。")
    if not 1 <= seats <= len(known):
        raise RuleViolation(f"抽取数量应在1到{len(known)}之间。")
    entries = [_section_entry(code) for code in codes]
    return _commit(round_, DrawPurpose.INSPECTED, entries, by=by, at=at, seats=seats)


def drawn_sections(draw: Draw) -> list[str]:
    """Return the codes of the drawn sections in drawing order; not for the public."""
    return list(draw.entries.filter(is_selected=True).order_by("place").values_list("ref", flat=True))


@transaction.atomic
def enter_randomness(*, draw_id: int, numbers: Sequence[Sequence[int]], by: User, at: datetime) -> Draw:
    """Enter what the dice and the lottery showed, once, not before the committed lead time has passed."""
    policy.check(by, "draw.seed")
    draw = _lock(draw_id, DrawStatus.COMMITTED, "随机数只能录入一次，且须在公布承诺之后。")
    earliest = draw.committed_at + timedelta(hours=draw.round.rulebook["draw_lead_hours"])
    if at < earliest:
        raise RuleViolation(f"公布承诺后至少{draw.round.rulebook['draw_lead_hours']}小时才能录入随机数。")
    draw.randomness = [list(row) for row in numbers]
    draw.seed = _checked(drawing.draw_seed, json.loads(draw.params), draw.randomness)
    draw.seeded_at, draw.status = at, DrawStatus.SEEDED
    draw.save(update_fields=["randomness", "seed", "seeded_at", "status"])
    audit.record("draw.seed", draw, by=by, at=at, detail={"seed": draw.seed})
    return draw


@transaction.atomic
def run_draw(*, draw_id: int, by: User, at: datetime) -> Draw:
    """Draw, store the proof and mark who or what was drawn; a second run is refused."""
    policy.check(by, "draw.run")
    draw = _lock(draw_id, DrawStatus.SEEDED, "抽取只能在随机数录入之后进行一次。")
    entries = list(draw.entries.all())
    pool = sorted(((e.stratum, e.token) for e in entries), key=_bytes_of)
    exclusions = sorted(((e.stratum, e.token, e.exclusion) for e in entries if e.exclusion), key=_bytes_of)
    proof = _checked(drawing.make_proof, json.loads(draw.params), pool, exclusions, draw.randomness)
    draw.proof = canonical_json(proof).decode()  # the result is keyed by stratum names, which J() forbids
    draw.drawn_at, draw.drawn_by, draw.status = at, by, DrawStatus.DRAWN
    draw.save(update_fields=["proof", "drawn_at", "drawn_by", "status"])
    _mark_drawn(entries, proof["result"]["strata"])
    if draw.purpose == DrawPurpose.COUNTED:
        _count_drawn_ballots(draw)
    audit.record("draw.run", draw, by=by, at=at, detail={"seed": draw.seed})
    return draw


@transaction.atomic
def abandon_draw(*, draw_id: int, reason: str, by: User, at: datetime) -> Draw:
    """Give up a committed draw that has no randomness yet (放弃); its record stays and is public."""
    draw = _lock(draw_id, DrawStatus.COMMITTED, "只有尚未录入随机数的抽取可以放弃。")
    policy.check(by, COMMIT_ACTION[DrawPurpose(draw.purpose)])
    if not reason.strip():
        raise RuleViolation("请填写放弃理由。")
    draw.status = DrawStatus.ABANDONED
    draw.save(update_fields=["status"])
    audit.record(
        COMMIT_ACTION[DrawPurpose(draw.purpose)], draw, by=by, at=at, reason=reason, detail={"abandoned": True}
    )
    return draw


def sources(rulebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the committed sources of randomness: the dice first, the uncontrollable lottery last."""
    chosen: list[dict[str, Any]] = []
    if rulebook["dice"]:
        label = f"现场十面骰子{rulebook['dice']}枚"
        chosen.append({"label": label, "n": rulebook["dice"], "min": 0, "max": 9, "order": "drawn", "fallback": "重掷"})
    if rulebook["lottery"]:
        chosen.append({"label": f"仪式后首期{rulebook['lottery']}", **LOTTERY_NUMBERS[rulebook["lottery"]]})
    return chosen


def _refuse_wrong_time(round_: Round, purpose: DrawPurpose) -> None:
    if round_.state != DRAWABLE_IN[purpose]:
        raise RuleViolation(f"“{purpose.label}”只能在轮次处于“{DRAWABLE_IN[purpose].label}”时进行。")
    if purpose == DrawPurpose.INSPECTED:
        return  # there may be several inspections in a round
    if round_.draws.filter(purpose=purpose).exclude(status=DrawStatus.ABANDONED).exists():
        raise RuleViolation(f"本轮已有“{purpose.label}”，不能重复抽取。")


def _entries(round_: Round, purpose: DrawPurpose) -> list[DrawEntry]:
    if purpose == DrawPurpose.COUNTED:
        ballots = Ballot.objects.filter(round=round_, channel=Channel.SAMPLED).order_by("receipt")
        entries = [DrawEntry(stratum=b.get_origin_display(), token=b.receipt) for b in ballots]
    else:
        people = PoolEntry.objects.filter(round=round_, kind=purpose.value)
        entries = [_person_entry(person) for person in people]
    return entries


def _section_entry(code: str) -> DrawEntry:
    salt = secrets.token_hex(32)
    return DrawEntry(stratum=SECTIONS, token=drawing.person_token(salt, code), ref=code, salt=salt)


def _person_entry(person: PoolEntry) -> DrawEntry:
    salt = secrets.token_hex(32)
    token = drawing.person_token(salt, f"{person.name}/{person.phone}")
    return DrawEntry(stratum=person.stratum, token=token, person=person, salt=salt, exclusion=person.exclusion)


def _commit(
    round_: Round, purpose: DrawPurpose, entries: list[DrawEntry], *, by: User, at: datetime, seats: int = 0
) -> Draw:
    if not entries:
        raise RuleViolation("名单为空，没有可抽取的对象。")
    params = _params(round_, purpose, entries, seats)
    draw = Draw.objects.create(
        round=round_,
        purpose=purpose,
        draw_id=params["draw_id"],
        params=protocol_json(params).decode(),
        commit=drawing.commitment(params),
        committed_at=at,
    )
    for entry in entries:
        entry.draw = draw
    DrawEntry.objects.bulk_create(entries, batch_size=BATCH_SIZE)
    audit.record(COMMIT_ACTION[purpose], draw, by=by, at=at, detail={"commit": draw.commit})
    return draw


def _params(round_: Round, purpose: DrawPurpose, entries: Sequence[DrawEntry], seats: int) -> dict[str, Any]:
    strata = sorted({entry.stratum for entry in entries}, key=str.encode)
    quota, alternates = (_proportional(seats), 0) if seats else _quota(round_, purpose, strata)
    randomness = sources(round_.rulebook)
    if drawing.entropy_bits(randomness) < drawing.LEAST_ENTROPY_BITS:
        raise RuleViolation("随机数来源合计不足64比特，请在规则中增加骰子枚数或彩票。")
    params: dict[str, Any] = _checked(
        drawing.make_params,
        draw_id=f"{round_.key}-{purpose.value}-{round_.draws.filter(purpose=purpose).count() + 1}",
        purpose=purpose.value,
        pool=[(entry.stratum, entry.token) for entry in entries],
        exclusions=[(entry.stratum, entry.token, entry.exclusion) for entry in entries if entry.exclusion],
        quota=quota,
        alternates=alternates,
        randomness=randomness,
        note=f"南川区最难办事科室群众评 {round_.name} {purpose.label}" + ("(演示数据)" if round_.is_demo else ""),
    )
    return params


def _quota(round_: Round, purpose: DrawPurpose, strata: Sequence[str]) -> tuple[dict[str, Any], int]:
    book = round_.rulebook
    if purpose == DrawPurpose.SUPERVISORS:
        return _proportional(book["supervisors"]), book["supervisor_alternates"]
    if purpose == DrawPurpose.COUNTED:
        return _proportional(book["counted_sampled_ballots"]), 0
    seats = shares_of(book["evaluators"], book["evaluator_strata"])
    fixed = [seats[stratum] for stratum in strata]
    return {"mode": "fixed", "rounds": [fixed]}, ceil(max(fixed) * book["alternates_percent"] / 100)


def _proportional(total: int) -> dict[str, Any]:
    return {"mode": "proportional", "min": 0, "rounds": [total]}


def _mark_drawn(entries: Iterable[DrawEntry], strata: Mapping[str, Mapping[str, Any]]) -> None:
    places = {
        (stratum, token): (place, place <= len(line["selected"]))
        for stratum, line in strata.items()
        for place, token in enumerate([*line["selected"], *line["alternates"]], start=1)
    }
    drawn = [entry for entry in entries if (entry.stratum, entry.token) in places]
    for entry in drawn:
        entry.place, entry.is_selected = places[entry.stratum, entry.token]
    DrawEntry.objects.bulk_update(drawn, ["place", "is_selected"], batch_size=BATCH_SIZE)


def _count_drawn_ballots(draw: Draw) -> None:
    drawn = draw.entries.filter(is_selected=True).values("token")
    ballots = Ballot.objects.filter(round=draw.round, channel=Channel.SAMPLED, receipt__in=drawn)
    Rating.objects.filter(ballot__in=ballots.values("pk")).update(is_counted=True)
    ballots.update(is_counted=True)


def _lock(draw_id: int, status: DrawStatus, refusal: str) -> Draw:
    draw = Draw.objects.select_for_update(of=("self",), no_key=True).select_related("round").get(pk=draw_id)
    if draw.status != status:
        raise RuleViolation(refusal)
    return draw


def _bytes_of(row: Sequence[str]) -> list[bytes]:
    return [field.encode() for field in row]


def _checked(rule: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return rule(*args, **kwargs)
    except drawing.DrawError as error:
        raise RuleViolation(str(error)) from None
