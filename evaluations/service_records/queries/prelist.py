"""What a drawn evaluator is asked to rate first (预先列明): the sections with which they have a record.

A person is found by phone and name, however the name is written. It is told in their own letter or message only;
nothing is stored, and the ballot knows nothing of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.service_records.models import Client
from evaluations.service_records.queries.frame import eligible_people, frame_sections, records_of
from evaluations.service_records.rules.frame import listed_first, prelist_most
from nanchuan_eval.names.rules.keys import name_key

_CHUNK = 500


def prelists(round_: Round, people: Sequence[PoolEntry]) -> dict[int, list[str]]:
    """Return person -> codes of the sections to list for them, the thinnest first; nobody without a record.

    Up to five hundred people take five queries, everybody else two for each further five hundred.
    """
    most = prelist_most(round_.rulebook)
    dealt_with = _dealt_with(round_, people) if most else {}
    if not dealt_with:
        return {}
    clients = eligible_people(round_)
    return {person: listed_first(codes, clients, most) for person, codes in dealt_with.items()}


def _dealt_with(round_: Round, people: Sequence[PoolEntry]) -> dict[int, set[str]]:
    codes = {section.pk: section.code for section in frame_sections(round_)}
    found: dict[int, set[str]] = defaultdict(set)
    for start in range(0, len(people), _CHUNK):
        person_of = _clients_of(people[start : start + _CHUNK])
        rows = records_of(round_).filter(client__in=person_of, section__in=codes)
        for client, section in rows.values_list("client_id", "section_id").distinct():
            for person in person_of[client]:
                found[person].add(codes[section])
    return found


def _clients_of(people: Iterable[PoolEntry]) -> dict[int, list[int]]:
    """Return client -> people with the client's phone and name."""
    by_phone: dict[str, list[PoolEntry]] = defaultdict(list)
    for person in people:
        for phone in {person.phone_hash, person.contact_hash} - {""}:
            by_phone[phone].append(person)
    rows = Client.objects.filter(phone_hash__in=by_phone).order_by().values_list("pk", "phone_hash", "name")
    return {
        client: same
        for client, phone, name in rows
        if (same := [each.pk for each in by_phone[phone] if name_key(each.name) == name_key(name)])
    }
