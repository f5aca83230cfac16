"""Factories of service records; tests name only what matters to them."""

from datetime import date
from itertools import count
from typing import Any

from departments.models import Section
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.rules.kinds import ClientKind
from nanchuan_eval.encryption.fields import keyed_hash
from tests.factories import NOON

_numbers = count(1)


def make_client(*, phone: str | None = None, **fields: Any) -> Client:
    """A person of a record; their phone is one of their own unless given, "" for none."""
    number = next(_numbers)
    phone = f"137{number:08d}" if phone is None else phone
    defaults = {"name": f"办事人{number}", "kind": ClientKind.PERSON, "phone_hash": keyed_hash(phone) if phone else ""}
    return Client.objects.create(phone=phone, **{**defaults, **fields})


def make_batch(section: Section, day: date) -> RecordBatch:
    """A delivery of the section's unit."""
    seq = RecordBatch.objects.filter(unit=section.department).count() + 1
    fields = {"records": 0, "salt": "0" * 64, "digest": "0" * 64, "head": "0" * 64, "received_at": NOON}
    return RecordBatch.objects.create(unit=section.department, seq=seq, day=day, **fields)


def make_records(section: Section, *clients: Client | None, on: date = date(2020, 3, 2)) -> list[ServiceRecord]:
    """One record with the section for each of the clients, delivered together."""
    batch = make_batch(section, on)
    return [
        ServiceRecord.objects.create(
            number=f"BJ{next(_numbers)}",
            unit=section.department,
            section=section,
            client=client,
            batch=batch,
            finished_on=on,
        )
        for client in clients
    ]


def make_clients(section: Section, people: int, **fields: Any) -> list[Client]:
    """People with one record each with the section."""
    clients = [make_client(**fields) for _ in range(people)]
    make_records(section, *clients)
    return clients
