"""State of a round's pools, as the pool page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.pools.queries import late_change, notice_faults, people_by_stratum
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import coming_term


@dataclass(frozen=True)
class PoolLine:
    """One pool: its size, notice, objections, and the actions allowed."""

    kind: str
    label: str
    strata: Mapping[str, int]
    people: int
    excluded: int
    notice: PoolNotice | None
    withdrawn: list[PoolNotice]
    objections: list[PoolObjection]
    faults: list[str]
    # How long the objection period will be, if the pool can be announced now.
    objection_days: str
    may_import: bool
    # Why this user can import nothing now, and who can; or "".
    why_closed: str
    may_announce: bool
    may_answer: bool


def pool_lines(round_: Round, user: User, at: datetime) -> list[PoolLine]:
    """Read the state of every pool of a round."""
    notices = list(round_.pool_notices.prefetch_related("objections"))
    return [_pool_line(round_, kind, [n for n in notices if n.kind == kind], user, at) for kind in PoolKind]


def _pool_line(round_: Round, kind: PoolKind, notices: list[PoolNotice], user: User, at: datetime) -> PoolLine:
    strata = people_by_stratum(round_, kind)
    notice = next((each for each in notices if each.withdrawn_at is None), None)
    why_closed = late_change(round_, kind) or _who_imports(user)
    may_announce = bool(strata) and notice is None and policy.may_start(user, "pool.announce")
    return PoolLine(
        kind=kind.value,
        label=kind.label,
        strata=strata,
        people=sum(strata.values()),
        excluded=round_.pool.filter(kind=kind).exclude(exclusion="").count(),
        notice=notice,
        withdrawn=[each for each in notices if each.withdrawn_at],
        objections=[objection for each in notices for objection in each.objections.all()],
        faults=notice_faults(round_, kind, at) if strata else [],
        objection_days=coming_term(round_.rulebook["pool_objection_workdays"], timezone.localdate(at), "公告")
        if may_announce
        else "",
        may_import=not why_closed,
        why_closed=why_closed,
        may_announce=may_announce,
        may_answer=policy.may_start(user, "pool.exclude"),
    )


def _who_imports(user: User) -> str:
    if policy.may_start(user, "pool.import"):
        return ""
    return f"名单由{'、'.join(role.label for role in policy.starters('pool.import'))}在本页导入，您可以查看。"
