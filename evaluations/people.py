"""Who a pool entry is: the only place that reads a phone for anything but a list at the desk."""

from collections.abc import Iterable

from evaluations.models import Draw, DrawEntry, PoolEntry


def phone_of(person: PoolEntry) -> str:
    """Return the full phone number as it was committed, for tokens and for recognising one person in two pools."""
    return str(person.phone)


def contact_of(person: PoolEntry) -> str:
    """Return the full phone number at which the person is reached."""
    return str(person.contact or person.phone)


def reference_of(person: PoolEntry) -> str:
    """Return what stands in the person's token beside the salt, as the notice letter prints it (protocol 3.3)."""
    return f"{person.name}/{phone_of(person)}"


def selected_phones(draws: Iterable[Draw]) -> set[str]:
    """Return the phones of the people drawn so far in these draws."""
    drawn = DrawEntry.objects.filter(draw__in=draws, is_selected=True, person__isnull=False).select_related("person")
    return {phone_of(entry.person) for entry in drawn if entry.person}
