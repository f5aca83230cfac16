"""Access to pool members' phone numbers, liaisons, and the state of a pool's notice."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from departments.models import Department
from evaluations.pools.models import PoolEntry, PoolNotice
from evaluations.pools.rules import DRAW_OF, PoolKind
from evaluations.rounds.models import Round
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


def phone_of(person: PoolEntry) -> str:
    """Return the full phone number as committed, for tokens and for matching a person across pools."""
    return str(person.phone)


def contact_of(person: PoolEntry) -> str:
    """Return the full phone number to contact the person."""
    return str(person.contact or person.phone)


def liaisons() -> Iterator[tuple[str, str]]:
    """Yield (name, unit) of every active liaison."""
    units = dict(Department.objects.values_list("code", "name"))
    for name, code in User.objects.filter(role=Role.LIAISON, is_active=True).values_list("name", "unit_code"):
        yield name, units.get(code, code)


def is_committed(round_: Round, kind: str) -> bool:
    """True if the draw from this pool is committed, which freezes the pool."""
    return round_.draws.standing().filter(purpose=DRAW_OF[PoolKind(kind)]).exists()


def standing_notice(round_: Round, kind: PoolKind) -> PoolNotice | None:
    """Return the pool's notice that was not withdrawn, or None."""
    return PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None).first()


def notice_faults(round_: Round, kind: PoolKind, at: datetime) -> list[str]:
    """Return in Chinese why a draw from the pool cannot be committed yet."""
    notice = standing_notice(round_, kind)
    if notice is None:
        return [f"{kind.label}还没有公告，请先公告名单并等异议期满。"]
    faults = []
    # A demonstration does not wait, and its pages say so.
    still_open = timezone.localtime(at).date() <= notice.objections_until and round_.rulebook["pool_objection_workdays"]
    if still_open and not round_.is_demo:
        faults.append(f"{kind.label}的异议期至{notice.objections_until:%Y年%m月%d日}止，期满后才能公布承诺。")
    waiting = notice.objections.filter(answer="").count()
    if waiting:
        faults.append(f"{kind.label}还有{waiting}件异议没有处理。")
    return faults
