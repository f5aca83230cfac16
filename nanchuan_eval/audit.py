"""The trace of every deed (留痕): one row, in the deed's own transaction."""

from collections.abc import Mapping
from datetime import datetime

from django.db import models, transaction

from nanchuan_eval import policy
from nanchuan_eval.models import AuditEntry, User


def record(
    action: str,
    target: models.Model | None,
    *,
    by: policy.Actor,
    at: datetime,
    reason: str = "",
    detail: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Write the row of a deed; inside the transaction of the deed, so that neither exists without the other."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("audit.record() belongs inside the transaction of the deed")
    return _append(
        action,
        at=at,
        by=by,
        object_type=target._meta.label if target else "",
        object_id=str(target.pk) if target else "",
        reason=reason,
        detail=dict(detail or {}),
    )


def record_denial(denied: policy.Denied, *, at: datetime) -> AuditEntry:
    """Write the row of a refused deed, in a transaction of its own: the deed's was rolled back."""
    return _append(denied.action, at=at, by=denied.actor, result=AuditEntry.Result.DENIED)


def _append(action: str, *, by: policy.Actor, **fields: object) -> AuditEntry:
    if action not in policy.table():
        raise ValueError(f"no such action in the policy table: {action}")
    return AuditEntry.objects.create(action=action, actor=by if isinstance(by, User) else None, role=by.role, **fields)
