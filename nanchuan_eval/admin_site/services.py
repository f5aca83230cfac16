"""Saving and deleting a record edited in the admin: permission, transaction, audit row."""

import itertools
from datetime import datetime

from django.db import models, router, transaction
from django.db.models.deletion import Collector

from nanchuan_eval.audit import services as audit
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def save_record(record: models.Model, *, action: str, by: User, at: datetime, changed: list[str]) -> None:
    """Save a record as edited in the admin; `changed` = names of the edited fields, for the audit log."""
    policy.check(by, action)
    record.save()
    audit.record(action, record, by=by, at=at, detail={"changed": changed}, wrote=[record])


@transaction.atomic
def delete_record(record: models.Model, *, action: str, by: User, at: datetime) -> None:
    """Delete a record; protected foreign keys raise as usual."""
    policy.check(by, action)
    name, gone = str(record), type(record)(pk=record.pk)
    collector = Collector(using=router.db_for_write(type(record)), origin=record)
    collector.collect([record])
    dependent = [*itertools.chain(*collector.data.values(), *collector.fast_deletes)]
    with_it = [type(row)(pk=row.pk) for row in dependent if row.pk != record.pk or type(row) is not type(record)]
    collector.delete()
    audit.record(action, gone, by=by, at=at, detail={"deleted": name}, wrote=[gone, *with_it])
