"""Saving and deleting a record edited in the admin: permission, transaction, audit row."""

from datetime import datetime

from django.db import models, transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def save_record(record: models.Model, *, action: str, by: User, at: datetime, changed: list[str]) -> None:
    """Save a record as edited in the admin; `changed` = names of the edited fields, for the audit log."""
    policy.check(by, action)
    record.save()
    audit.record(action, record, by=by, at=at, detail={"changed": changed})


@transaction.atomic
def delete_record(record: models.Model, *, action: str, by: User, at: datetime) -> None:
    """Delete a record; protected foreign keys raise as usual."""
    policy.check(by, action)
    audit.record(action, record, by=by, at=at, detail={"deleted": str(record)})
    record.delete()
