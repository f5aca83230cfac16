"""Access to pool members' phone numbers, liaisons, and the state of a pool's notice."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db.models import Count
from django.utils import timezone

from departments.models import Department
from departments.roster.queries import unit_names
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.pools.rules.kinds import DRAW_OF, PoolKind
from evaluations.pools.rules.people import PoolRules
from evaluations.pools.rules.replacement import Standing
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.encryption.fields import mask_phone
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import with_hint_of

# Filled by the app: draws, a higher feature, know which people stand in a record that must stay as it is.
recorded_people: list[Callable[[Sequence[int]], int]] = []


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


def standing_people(round_: Round, kind: PoolKind) -> list[Standing]:
    """Return the people of a pool as a list that would replace it is compared with."""
    return [
        Standing(
            entry.pk,
            entry.stratum,
            entry.name,
            entry.unit,
            tuple(filter(None, (entry.phone, entry.contact))) or ("",),
            entry.dealt_with,
            entry.exclusion,
            entry.exclusion_note,
        )
        for entry in round_.pool.filter(kind=kind)
    ]


def count_recorded(entries: Sequence[int]) -> int:
    """Return how many of these people stand in the record of a draw."""
    return sum(count(entries) for count in recorded_people)


def reference_data() -> PoolRules:
    """Return units, liaisons and the way to show a phone, by which people on a list are judged."""
    return PoolRules(frozenset(), unit_names(), liaisons=tuple(liaisons()), masked=mask_phone)


def is_committed(round_: Round, kind: str) -> bool:
    """True if the draw from this pool is committed, which freezes the pool."""
    return round_.draws.standing().filter(purpose=DRAW_OF[PoolKind(kind)]).exists()


def late_change(round_: Round, kind: PoolKind) -> str:
    """Return why the pool can no longer be replaced, or ""."""
    if RoundState(round_.state) not in {RoundState.DRAFT, RoundState.FROZEN}:
        return "名单库只能在抽取完成之前导入。"
    return "这个名单库的抽取承诺已经公布，名单不能再改。" if is_committed(round_, kind) else ""


def people_by_stratum(round_: Round, kind: PoolKind) -> dict[str, int]:
    """Return how many people of each stratum stand in the pool."""
    return dict(round_.pool.filter(kind=kind).order_by().values_list("stratum").annotate(people=Count("pk")))


def standing_notice(round_: Round, kind: PoolKind) -> PoolNotice | None:
    """Return the pool's notice that was not withdrawn, or None."""
    return PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None).first()


def described(notice: PoolNotice) -> str:
    """Return a notice in words, for whoever is about to withdraw it or has done so."""
    announced, until = timezone.localtime(notice.announced_at), notice.objections_until
    size = f"{notice.people}人，异议期至{until:%-m月%-d日}"
    return f"{announced:%Y年%-m月%-d日}的{notice.get_kind_display()}公告（{size}）"


def notice_faults(round_: Round, kind: PoolKind, at: datetime) -> list[str]:
    """Return in Chinese why a draw from the pool cannot be committed yet."""
    notice = standing_notice(round_, kind)
    if notice is None:
        return [f"{kind.label}尚未公告，请先公告名单并等异议期满。"]
    faults = []
    # A demonstration does not wait, and its pages say so.
    still_open = timezone.localtime(at).date() <= notice.objections_until and round_.rulebook["pool_objection_workdays"]
    if still_open and not round_.is_demo:
        until = with_hint_of(f"{notice.objections_until:%Y年%-m月%-d日}止", notice.term)
        faults.append(f"{kind.label}的异议期至{until}，期满后方可公布承诺。")
    # Also those of a notice that a corrected list withdrew: the register goes on counting them.
    waiting = PoolObjection.objects.filter(notice__round=round_, notice__kind=kind, answer="").count()
    if waiting:
        faults.append(f"{kind.label}还有{waiting}件异议没有处理。")
    return faults
