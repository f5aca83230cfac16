"""State of a round's pools, as the pool page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.pools.queries import notice_faults
from evaluations.pools.rules import PoolKind
from evaluations.rounds.models import Round
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@dataclass(frozen=True)
class PoolLine:
    """One pool: its size, notice, objections, and the actions allowed."""

    kind: str
    label: str
    strata: Mapping[str, int]
    people: int
    excluded: int
    notice: PoolNotice | None
    objections: list[PoolObjection]
    faults: list[str]
    may_announce: bool
    may_answer: bool


def pool_lines(round_: Round, user: User, at: datetime) -> list[PoolLine]:
    """Read the state of every pool of a round."""
    return [_pool_line(round_, kind, user, at) for kind in PoolKind]


def _pool_line(round_: Round, kind: PoolKind, user: User, at: datetime) -> PoolLine:
    entries = round_.pool.filter(kind=kind).order_by()
    strata = dict(entries.values_list("stratum").annotate(people=Count("pk")))
    notice = PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None).first()
    return PoolLine(
        kind=kind.value,
        label=kind.label,
        strata=strata,
        people=sum(strata.values()),
        excluded=entries.exclude(exclusion="").count(),
        notice=notice,
        objections=list(notice.objections.all()) if notice else [],
        faults=notice_faults(round_, kind, at) if strata else [],
        may_announce=bool(strata) and notice is None and policy.may(user, "pool.import"),
        may_answer=policy.may_start(user, "pool.exclude"),
    )
