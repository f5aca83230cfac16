"""Saving and deleting a record edited in the admin: permission, transaction, audit row."""

import itertools
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import models, router, transaction
from django.db.models.deletion import Collector

from nanchuan_eval.audit import services as audit
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

# What a record's change does to other rows: called in its transaction with the record as it was (None: a new one) and
# as it is (None: deleted); returns the rows written.
Consequence = Callable[[models.Model | None, models.Model | None, datetime], Iterable[models.Model]]
consequences: dict[type[models.Model], Consequence] = {}


@transaction.atomic
def save_record(record: models.Model, *, action: str, by: User, at: datetime, changed: list[str]) -> None:
    """Save a record as edited in the admin; `changed` = names of the edited fields, for the audit log."""
    policy.check(by, action)
    before = _as_stored(record)
    record.save()
    also = _consequences(before, record, at)
    audit.record(action, record, by=by, at=at, detail={"changed": changed}, wrote=[record, *also])


@transaction.atomic
def delete_record(record: models.Model, *, action: str, by: User, at: datetime) -> None:
    """Delete a record; protected foreign keys raise as usual."""
    policy.check(by, action)
    name, gone, before = str(record), type(record)(pk=record.pk), _as_stored(record)
    collector = _collected(record)
    with_it = [type(row)(pk=row.pk) for row in _others(collector, record)]
    collector.delete()
    also = _consequences(before, None, at)
    audit.record(action, gone, by=by, at=at, detail={"deleted": name}, wrote=[gone, *with_it, *also])


def deleted_with(record: models.Model) -> list[models.Model]:
    """Return the rows that go when the record is deleted, by table and key."""
    return sorted(_others(_collected(record), record), key=lambda row: (row._meta.label, str(row.pk)))


def _collected(record: models.Model) -> Collector:
    collector = Collector(using=router.db_for_write(type(record)), origin=record)
    collector.collect([record])
    return collector


def _others(collector: Collector, record: models.Model) -> list[models.Model]:
    rows = itertools.chain(*collector.data.values(), *collector.fast_deletes)
    return [row for row in rows if row.pk != record.pk or type(row) is not type(record)]


def _as_stored(record: models.Model) -> models.Model | None:
    """Return the record as the database has it, where its changes have consequences."""
    if type(record) not in consequences or record.pk is None:
        return None
    return type(record)._default_manager.select_for_update().filter(pk=record.pk).first()


def _consequences(before: models.Model | None, after: models.Model | None, at: datetime) -> Iterable[models.Model]:
    record = after or before
    handle = consequences.get(type(record)) if record else None
    return handle(before, after, at) if handle else ()
