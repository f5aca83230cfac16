"""Queries across draws and people: conflicts of liaisons, drawn phones, committed pools.

单位联络员回避: a unit's liaison is neither supervisor nor evaluator (rulebook R-B). Pools hold names and units,
accounts hold names and unit codes; `may_be_one_person` compares their keys.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Q

from departments.models import Department
from departments.roster.queries import unit_names
from evaluations.draws.models import Draw, DrawEntry, DrawEvent
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import contact_of, phone_of
from evaluations.pools.rules.kinds import DRAW_OF
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.service_records.models import Client
from nanchuan_eval.names.rules.units import UnitNames
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import may_be_one_person

ENDED = (RoundState.PUBLISHED, RoundState.CLOSED, RoundState.VOID)
CHUNK = 2000


def liaison_conflicts(account: User, role: str, unit_code: str) -> Iterator[str]:
    """Yield why an account cannot become a unit's liaison: its person is in a current pool, or was drawn."""
    if role != Role.LIAISON:
        return
    units = unit_names()
    unit = _name_of(unit_code, units)
    on_lists = PoolEntry.objects.filter(exclusion="").exclude(round__state__in=ENDED)
    # Only Python compares names by their keys; pools are read in pieces without their encrypted phones.
    people = on_lists.values_list("pk", "name", "unit").iterator(chunk_size=CHUNK)
    same = [pk for pk, name, its in people if may_be_one_person(name, its, account.name, unit, units)]
    for entry in PoolEntry.objects.filter(pk__in=same).select_related("round").order_by("pk"):
        yield from _conflict(entry)
    yield from _drawn_clients_named(account.name, unit, units)


def _name_of(code: str, units: UnitNames) -> str:
    """Return a unit's name; one that another has taken over is not among the roster's names any more."""
    named = next((each.name for each in units.units if each.code == code), None)
    return named or Department.objects.filter(code=code).values_list("name", flat=True).first() or code


def _conflict(entry: PoolEntry) -> Iterator[str]:
    who = f"{entry.round.name}{entry.get_kind_display()}中有同名人员{entry.masked_phone}"
    standing = DrawEntry.objects.filter(person=entry, draw__in=entry.round.draws.standing())
    if not standing.exists():
        yield (
            f"{who}。联络员不得担任监督员或者评议人员，请先在名单库中将其登记为回避；不是同一人的，请在名单中补填单位。"
        )
        return
    removed = DrawEvent.objects.filter(entry__in=standing).values("entry")
    if standing.exclude(pk__in=removed).filter(place__isnull=False).exists():
        yield f"{who}，已被抽中或列为候补。本轮结束前不能担任单位联络员，或者先在抽中人员页办理移除递补。"


def _drawn_clients_named(name: str, unit: str, units: UnitNames) -> Iterator[str]:
    """Yield the drawn clients of this name; those not drawn are excluded at the commitment."""
    placed = DrawEntry.objects.filter(client__isnull=False, place__isnull=False)
    current = placed.filter(draw__in=Draw.objects.standing()).exclude(draw__round__state__in=ENDED)
    rows = current.order_by("draw").values_list("draw__round__name", "client", "client__name", "client__unit")
    for round_name, client, theirs, their_unit in rows.distinct():
        if may_be_one_person(theirs, their_unit, name, unit, units):
            who = f"{round_name}抽中或者候补的办事群众中有同名人员{Client.objects.get(pk=client).masked_phone}"
            yield f"{who}。本轮结束前不能担任单位联络员，或者先在抽中人员页逐个科室办理移除递补。"


def reference_of(person: PoolEntry | Client) -> str:
    """Return the reference that is hashed into a person's token, as printed in the letter (protocol 3.3)."""
    return reference(person.name, phone_of(person) if isinstance(person, PoolEntry) else str(person.phone))


def reference(name: str, phone: str) -> str:
    """Return the reference of a person of this name and phone."""
    return f"{name}/{phone}"


def number_of(person: PoolEntry | Client) -> str:
    """Return the full phone number to contact whoever is drawn."""
    return contact_of(person) if isinstance(person, PoolEntry) else str(person.phone)


def selected_phones(draws: Iterable[Draw]) -> set[str]:
    """Return the phones of all people currently drawn in these draws."""
    drawn = DrawEntry.objects.filter(draw__in=draws, is_selected=True, person__isnull=False).select_related("person")
    return {phone_of(entry.person) for entry in drawn if entry.person}


def count_in_draws(people: Sequence[int]) -> int:
    """Return how many of these pool entries stand in a draw, abandoned ones included."""
    return DrawEntry.objects.filter(person__in=people).order_by().values("person").distinct().count()


def committed_pools() -> Q:
    """Return a condition for pool entries whose draw is committed."""
    drawn = {kind: Draw.objects.standing().filter(purpose=purpose) for kind, purpose in DRAW_OF.items()}
    return Q(*(Q(kind=kind, round__in=draws.values("round")) for kind, draws in drawn.items()), _connector=Q.OR)
