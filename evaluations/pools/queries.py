"""Who a pool entry is: the only place that reads a phone for anything but a list at the desk."""

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
    """Return the full phone number as it was committed, for tokens and for recognising one person in two pools."""
    return str(person.phone)


def contact_of(person: PoolEntry) -> str:
    """Return the full phone number at which the person is reached."""
    return str(person.contact or person.phone)


def liaisons() -> Iterator[tuple[str, str]]:
    """Yield name and unit of every liaison."""
    units = dict(Department.objects.values_list("code", "name"))
    for name, code in User.objects.filter(role=Role.LIAISON, is_active=True).values_list("name", "unit_code"):
        yield name, units.get(code, code)


def is_committed(round_: Round, kind: str) -> bool:
    """Say whether the draw that freezes a pool is committed."""
    return round_.draws.standing().filter(purpose=DRAW_OF[PoolKind(kind)]).exists()


def standing_notice(round_: Round, kind: PoolKind) -> PoolNotice | None:
    """Return the notice that stands for a pool."""
    return PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None).first()


def notice_faults(round_: Round, kind: PoolKind, at: datetime) -> list[str]:
    """Return in Chinese why a pool may not be committed yet."""
    notice = standing_notice(round_, kind)
    if notice is None:
        return [f"{kind.label}还没有公告，请先公告名单并等异议期满。"]
    faults = []
    # A demonstration does not wait; its pages say so.
    still_open = timezone.localtime(at).date() <= notice.objections_until and round_.rulebook["pool_objection_workdays"]
    if still_open and not round_.is_demo:
        faults.append(f"{kind.label}的异议期至{notice.objections_until:%Y年%m月%d日}止，期满后才能公布承诺。")
    waiting = notice.objections.filter(answer="").count()
    if waiting:
        faults.append(f"{kind.label}还有{waiting}件异议没有处理。")
    return faults
