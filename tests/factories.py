"""Factories of test data: pass only what matters to the test."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from departments.models import Department, DepartmentKind, Section, ServiceKind, Tenure
from evaluations.ballot_form.models import Manifestation
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import Origin, RawLine, validate_vote
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxKey
from evaluations.box_key.services import holding, keys, making
from evaluations.box_key.services.making import make_server_key
from evaluations.codes.models import CodeBatch
from evaluations.codes.services import issuing
from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.services import ceremony, signing
from evaluations.draws.services.commitment import commit_draw, plan_draw, planned_draw
from evaluations.lifecycle import services as lifecycle
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services import lists, notices
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import card_text
from evaluations.protocol.box_rows import BallotRow, unframe
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import default_rulebook, is_opened_by_supervisors
from evaluations.scoring.method import Channel, Indicator
from evaluations.sealing.services import opening as sealing
from evaluations.voting import services as voting
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR, Role
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User

PHONE = "023-71420000"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ROLES = {
    "supervisor": Role.SUPERVISOR,
    "clerk": Role.CLERK,
    "chief": Role.CHIEF,
    "commission": Role.COMMISSION,
    "liaison": Role.LIAISON,
    "inspector": Role.INSPECTOR,
    "personnel": Role.PERSONNEL,
    "sysadmin": Role.SYSTEM_ADMIN,
    "security": Role.SECURITY_ADMIN,
    "auditor": Role.AUDITOR,
}
# Most tests need a drawn round without its supervisors' signatures and objection period.
WITHOUT_WAITING = {
    "supervisors_present": 0,
    "pool_objection_workdays": 0,
    "box_key": "server",
    "sample_audit": False,
    "office_phone": PHONE,
}
LATER = NOON + timedelta(hours=24)
GROUPS = {"服务对象": 30, "市场主体": 12, "村居干部和居民代表": 9, "两代表一委员": 6, "其他": 3}
_numbers = count(1)


def make_user(role: str = "chief", **fields: Any) -> User:
    """An account whose role is a key of ROLES."""
    number = next(_numbers)
    fields.setdefault("unit_code", "D01" if role == "liaison" else "")
    fields.setdefault("username", f"{role}{number}")
    fields.setdefault("person_code", f"T{number:05d}")
    return User.objects.create(name=f"{role}{number}", role=ROLES[role], **fields)


def make_department(**fields: Any) -> Department:
    """A department with a code of its own."""
    number = next(_numbers)
    defaults = {"code": f"U{number:03d}", "name": f"单位{number}", "kind": DepartmentKind.ADMINISTRATIVE}
    return Department.objects.create(**{**defaults, "chief_leader": "局长甲", "leader_in_charge": "副局长乙", **fields})


def make_section(*, head: str = "科长丙", **fields: Any) -> Section:
    """An active section with a head in office since 2019."""
    number = next(_numbers)
    department = fields.pop("department", None) or make_department()
    defaults = {"code": f"{department.code}-{number:02d}", "name": f"科室{number}", "service_kind": ServiceKind.SERVICE}
    section = Section.objects.create(department=department, **{**defaults, **fields})
    if head:
        Tenure.objects.create(section=section, name=head, starts_on=date(2019, 1, 1))
    return section


def make_round(*, state: RoundState = RoundState.DRAFT, rulebook: dict[str, Any] | None = None, **fields: Any) -> Round:
    """A round in preparation whose vote runs from a day before NOON to a day after."""
    number = next(_numbers)
    defaults = {
        "key": f"R{number}",
        "name": f"第{number}轮",
        "period_start": date(2020, 1, 1),
        "period_end": date(2020, 6, 30),
        "opens_at": NOON - timedelta(days=1),
        "closes_at": NOON + timedelta(days=1),
        "rulebook": {**default_rulebook(), **WITHOUT_WAITING, **(rulebook or {})},
    }
    return Round.objects.create(state=state, **{**defaults, **fields})


def make_manifestations() -> None:
    """The 表象 that tests tick, made again if an earlier transactional test has emptied the table."""
    for indicator, code in zip(Indicator, ["COLD-1", "LAZY-2", "BUCK-3", "DISO-4", "GREE-5"], strict=True):
        Manifestation.objects.get_or_create(
            code=code, defaults={"indicator": indicator, "text": f"{indicator.label}的表象"}
        )


def make_open_round(*, sections: int = 3, **fields: Any) -> Round:
    """A round whose roster is frozen and whose vote is open; draws are skipped."""
    make_manifestations()
    for _ in range(sections):
        make_section()
    rules = fields.pop("rulebook", None) or {}
    round_ = make_round(rulebook={**rules, "office_phone": rules.get("office_phone") or PHONE}, **fields)
    lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    round_.refresh_from_db()
    if not is_opened_by_supervisors(round_.rulebook):
        make_server_key(round_, at=NOON)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    round_.refresh_from_db()
    return round_


def log_steps(round_: Round) -> None:
    """Log the state that a factory gave the round past its steps; otherwise the verification names it."""
    with transaction.atomic():
        detail = {"fixed": fixed_digests(("steps", round_.pk))}
        audit.record("round.open", round_, by=OPERATOR, at=NOON, detail=detail)


def make_supervisors_key(round_: Round, *, is_held: bool = True) -> list[str]:
    """A key on cards for a frozen, drawn or open round, its supervisors drawn if need be; returns S1 … Sn, P, Q.

    Keep the texts: nothing else knows them.
    """
    state = round_.state
    if not round_.draws.standing().filter(purpose=DrawPurpose.SUPERVISORS).exists():
        Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
        round_.refresh_from_db()
        make_pool(round_, PoolKind.SUPERVISORS)
        hold_draw(round_, DrawPurpose.SUPERVISORS)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
    key = make_key(round_)
    with policy.approved("box.key"):
        making.adopt_key(round_id=round_.pk, record=key.record.decode(), by=make_user("chief"), at=NOON)
    Round.objects.filter(pk=round_.pk).update(state=state)
    round_.refresh_from_db()
    for card in key.cards if is_held else ():
        holding.confirm_card(round_key=round_.key, code=held_code(key.key_id, card.label, card.share), at=NOON)
    return [card_text(card, key.key_id) for card in key.cards]


def make_key(round_: Round, **changed: Any) -> keys.NewKey:
    """A key made offline for the round, with its record (box-key.json) and its cards."""
    needed, supervisors = round_.rulebook["box_needed"], round_.rulebook["supervisors"]
    return keys.new_key(
        changed.pop("key", round_.key), **{"needed": needed, "supervisors": supervisors, "made": "offline", **changed}
    )


def make_codes(
    round_: Round, count: int = 1, *, channel: Channel = Channel.TARGETED, origin: Origin = Origin.ISSUED
) -> list[str]:
    """Codes of a fresh batch."""
    _, codes = issuing.issue_batch(
        round_id=round_.pk, form=issuing.FormKind(channel, origin), count=count, by=make_user("clerk"), at=NOON
    )
    return codes


def make_self_service(round_: Round, channel: Channel = Channel.OTHER) -> CodeBatch:
    """A self-service batch, from which citizens take codes."""
    origin = Origin.OPEN if channel == Channel.OTHER else Origin.WEBSITE
    form = issuing.FormKind(channel, origin, f"网上·{channel.label}")
    return issuing.open_self_service(round_id=round_.pk, form=form, by=make_user("clerk"), at=NOON)


def raw_answers(level: str = "1", **answers: str) -> dict[str, list[str]]:
    """Unparsed answers for one section: the same level for every indicator not given."""
    return {i.value: [answers.get(i.value, level)] for i in Indicator}


def cast_ballots(round_: Round, codes: list[str], *, level: str = "1", comment: str = "") -> list[str]:
    """Cast one ballot per code, rating every section alike; returns the receipts."""
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    raw = [RawLine(section.code, raw_answers(level), ticks_for(level)) for section in form.sections]
    receipts = []
    for code in codes:
        admission = voting.admit(code=code, at=NOON)
        vote = validate_vote(form, admission.channel, raw)
        cast = voting.cast_ballot(
            admission=admission, code=code, vote=vote.as_text(), comment=comment, digits="1234", at=NOON
        )
        receipts.append(cast.receipt)
    return receipts


def waiting_ballots() -> list[BallotRow]:
    """What waits in the spool, opened with the keys the server keeps."""
    return [_opened(row) for row in BallotSpool.objects.select_related("round")]


def _opened(spooled: BallotSpool) -> BallotRow:
    key = BoxKey.objects.get(key_id=spooled.round.box_key)
    private = keys.private_key(bytes.fromhex(key.seed), spooled.round.key)
    return unframe(keys.open_sealed(bytes(spooled.sealed), private), bytes.fromhex(key.row_key))


def ticks_for(level: str) -> list[str]:
    """One 表象 per indicator if the level requires them."""
    return ["COLD-1", "LAZY-2", "BUCK-3", "DISO-4", "GREE-5"] if level in {"2", "3"} else []


def make_sealed_round(*, targeted: int = 5, sampled: int = 0, level: str = "1", **fields: Any) -> Round:
    """A sealed round with some ballots."""
    round_ = make_open_round(**fields)
    cast_ballots(round_, make_codes(round_, targeted), level=level)
    if sampled:
        newspaper = make_codes(round_, sampled, channel=Channel.SAMPLED, origin=Origin.NEWSPAPER)
        cast_ballots(round_, newspaper, level=level)
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    round_.refresh_from_db()
    return round_


def make_pool(round_: Round, kind: PoolKind = PoolKind.EVALUATORS, groups: dict[str, int] = GROUPS) -> None:
    """An announced pool with the given number of people in each group."""
    people = [(group, f"{group}第{n}人") for group, size in groups.items() for n in range(size)]
    rows = [Row("名单", 1, ("身份类别", "姓名", "手机号"))]
    first = 10_000 * list(PoolKind).index(kind)
    rows += [Row("名单", n, (group, name, f"139{first + n:08d}")) for n, (group, name) in enumerate(people, start=2)]
    lists.import_pool(round_id=round_.pk, kind=kind, rows=rows, by=make_user("clerk"), at=NOON)
    with policy.approved("pool.announce"):
        notices.announce_pool(round_id=round_.pk, kind=kind, by=make_user("chief"), at=NOON)


def plan(
    round_: Round, purpose: DrawPurpose, *, held_at: datetime = LATER, at: datetime = NOON, reason: str = ""
) -> PlannedDraw:
    """A draw planned in the register."""
    planned = PlannedDraw(
        round=round_, purpose=purpose, planned_at=held_at, place="一楼大厅", witnesses="纪委、人大代表、市民、企业"
    )
    return plan_draw(planned=planned, by=make_user("chief"), at=at, reason=reason)


def commit(round_: Round, purpose: DrawPurpose = DrawPurpose.EVALUATORS, at: datetime = NOON) -> Draw:
    """A planned and committed draw."""
    if planned_draw(round_, purpose) is None:
        plan(round_, purpose, held_at=at + timedelta(hours=24))
    return commit_draw(round_id=round_.pk, purpose=purpose, by=make_user("chief"), at=at)


def enter_all(draw: Draw, at: datetime = LATER, clerks: Sequence[User] = ()) -> None:
    """Enter the numbers of every source, as each of two clerks."""
    clerks = clerks or (make_user("clerk"), make_user("clerk"))
    for number, numbers in enumerate(throw(draw)):
        for clerk in clerks:
            reading = ceremony.Reading(number, numbers, "2026061")
            ceremony.enter_randomness(draw_id=draw.pk, reading=reading, by=clerk, at=at)


def run(draw: Draw, at: datetime = LATER) -> Draw:
    """Run a committed draw, without signing and publishing it."""
    enter_all(draw, at)
    return ceremony.run_draw(draw_id=draw.pk, by=make_user("chief"), at=at)


def hold_draw(round_: Round, purpose: DrawPurpose = DrawPurpose.EVALUATORS) -> Draw:
    """Hold a draw from the register to the published proof."""
    draw = run(commit(round_, purpose))
    return ceremony.publish_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)


def issue_codes(draw: Draw, at: datetime = LATER) -> list[list[str]]:
    """The codes of each drawn supervisor: issued, taken out by one clerk, their handing confirmed by another."""
    with policy.approved(signing.ISSUE):
        sheets = signing.issue_signing_codes(draw_id=draw.pk, by=make_user("chief"), at=at)
    clerk = make_user("clerk")
    codes = [signing.seal_codes(sheet_id=sheet.pk, by=clerk, at=at)[1] for sheet in sheets]
    signing.hand_over_codes(draw_id=draw.pk, sheet_ids=[s.pk for s in sheets], by=make_user("clerk"), at=at)
    return codes


def throw(draw: Draw) -> list[list[int]]:
    """Valid numbers for each of the draw's committed sources."""
    sources = json.loads(draw.params)["randomness"]
    return [[source["min"] + n % (source["max"] + 1) for n in range(source["n"])] for source in sources]
