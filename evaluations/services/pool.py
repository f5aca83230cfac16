"""Pools (名单库): import of people who may be drawn."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from evaluations.models import PoolEntry, Round
from evaluations.rules.pools import Person, PoolFileError, PoolKind, parse_people
from evaluations.rules.rounds import DrawPurpose, DrawStatus, RoundState
from evaluations.services.round import lock_round
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation

# The draw that freezes each pool: once it is committed the pool no longer changes.
DRAW_OF = {PoolKind.SUPERVISORS: DrawPurpose.SUPERVISORS, PoolKind.EVALUATORS: DrawPurpose.EVALUATORS}
BATCH_SIZE = 1000


@transaction.atomic
def import_pool(
    *,
    round_id: int,
    kind: PoolKind,
    rows: Iterable[tuple[str, int, Sequence[str]]],
    by: policy.Actor,
    at: datetime,
    dry_run: bool = False,
) -> int:
    """Replace a pool by the people of a file, all or nothing; returns how many. Rows: (sheet, number, cells)."""
    policy.check(by, "pool.import")
    round_ = lock_round(round_id)
    _refuse_late_import(round_, kind)
    people = _parse(round_, rows)
    _refuse_unknown_strata(round_, kind, people)
    if not dry_run:
        round_.pool.filter(kind=kind).delete()
        PoolEntry.objects.bulk_create([_entry(round_, kind, person) for person in people], batch_size=BATCH_SIZE)
        audit.record("pool.import", round_, by=by, at=at, detail={"kind": kind.value, "people": len(people)})
    return len(people)


def _refuse_late_import(round_: Round, kind: PoolKind) -> None:
    if RoundState(round_.state) not in {RoundState.DRAFT, RoundState.FROZEN}:
        raise RuleViolation("名单库只能在抽取完成之前导入。")
    if round_.draws.filter(purpose=DRAW_OF.get(kind)).exclude(status=DrawStatus.ABANDONED).exists():
        raise RuleViolation("这个名单库的抽取承诺已经公布，名单不能再改。")


def _parse(round_: Round, rows: Iterable[tuple[str, int, Sequence[str]]]) -> list[Person]:
    try:
        return parse_people(rows, frozenset(round_.sections.values_list("code", flat=True)))
    except PoolFileError as error:
        raise RuleViolation(*error.reasons) from None


def _refuse_unknown_strata(round_: Round, kind: PoolKind, people: Sequence[Person]) -> None:
    if kind != PoolKind.EVALUATORS:
        return
    known = round_.rulebook["evaluator_strata"]
    unknown = sorted({person.stratum for person in people} - set(known))
    if unknown:
        raise RuleViolation(f"身份类别“{unknown[0]}”不在规则中，应为：{'、'.join(known)}。")


def _entry(round_: Round, kind: PoolKind, person: Person) -> PoolEntry:
    return PoolEntry(
        round=round_,
        kind=kind,
        stratum=person.stratum,
        name=person.name,
        unit=person.unit,
        phone=person.phone,
        dealt_with=person.dealt_with,
    )
