"""Export of pools (导出名单): proposed by the chief, approved by the commission, downloaded once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from evaluations.draws.models import Draw
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import contact_of
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals.authorizations import authorizing_action
from nanchuan_eval.approvals.services import Arguments
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook
from nanchuan_eval.users.models import User

EXPORT, ROSTER = "pool.export", "pool.roster"
COLUMNS = [
    ColumnSpec("身份类别", 20),
    ColumnSpec("姓名", 14),
    ColumnSpec("手机号", 16),
    ColumnSpec("单位", 30),
    ColumnSpec("办过事的科室", 30),
    ColumnSpec("不参加抽取的原因", 20),
]


@transaction.atomic
def export_pool(*, round_id: int, kind: PoolKind, by: User, at: datetime) -> bytes:
    """Return a pool as a workbook with its export number on every page; uses up an approval.

    Exports the pool that was approved; `kind` is used only where no approval is needed.
    """
    round_ = Round.objects.get(pk=round_id)
    authorization = authorizations.consume(EXPORT, round_, by=by, at=at)
    kind = PoolKind(authorization.arguments["kind"]) if authorization else kind
    rows = [_row(person) for person in _people(round_, kind)]
    if not rows:
        raise RuleViolation(f"“{kind.label}”没有人员，没有可以导出的名单。")
    detail = {"kind": kind.value, "people": len(rows), "approval": authorization.pk if authorization else None}
    reason, spent = (authorization.reason, [authorization]) if authorization else ("", [])
    entry = audit.record(EXPORT, round_, by=by, at=at, reason=reason, detail=detail, wrote=spent)
    sheet = SheetSpec(
        kind.label, COLUMNS, rows, heading=f"{round_.name} {kind.label}", notes=[audit.export_number(entry)]
    )
    with audit.numbered(entry):
        return write_workbook([sheet])


def _people(round_: Round, kind: PoolKind) -> Iterator[PoolEntry]:
    return round_.pool.filter(kind=kind).order_by("stratum", "pk").iterator()


def _row(person: PoolEntry) -> list[Any]:
    excluded = person.get_exclusion_display() if person.exclusion else ""
    return [person.stratum, person.name, contact_of(person), person.unit, person.dealt_with, excluded]


def _pool_content(round_: Round, asked: Arguments) -> dict[str, object]:
    kind = PoolKind(asked["kind"])
    people = [(p.pk, p.stratum, p.name, p.unit, p.phone_hash) for p in _people(round_, kind)]
    return {
        "轮次": round_.name,
        "名单库": kind.label,
        "人数": len(people),
        "名单校验值": sha256_hex(repr(people).encode()),
        "理由": asked["reason"],
    }


def _roster_content(draw: Draw, asked: Arguments) -> dict[str, object]:
    return {"抽取": str(draw), "承诺": draw.commit, "用途": "交公证封存", "理由": asked["reason"]}


ACTIONS = (
    replace(
        authorizing_action(EXPORT, "导出名单", Round, _pool_content),
        names=lambda round_, asked: f"{round_.name}，{PoolKind(asked['kind']).label}",
    ),
    authorizing_action(ROSTER, "导出封存名册", Draw, _roster_content, permission=EXPORT),
)
