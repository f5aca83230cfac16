"""Audit log (留痕): one chained row per action, in the action's transaction."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead
from nanchuan_eval.audit.queries import ANCHORED, fixed_digests, kinds_about
from nanchuan_eval.core import attempts, export_numbers
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

# Secrets that a rule's text may quote and the log must not hold: phones, ballot codes, receipts, digests.
SECRETS = re.compile(r"[0-9A-Za-z]{4,5}([- ]?[0-9A-Za-z]{4,5}){3,}|\d{7,}")


@dataclass(frozen=True)
class Origin:
    """Origin of a request; logged for accounts only, never for citizens and their ballots."""

    address: str = ""
    session: str = ""


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


@contextmanager
def request_origin(address: str, session_key: str | None) -> Iterator[None]:
    """Set the origin of the entries written in this context; of the session only a fingerprint is stored."""
    fingerprint = hashlib.sha256(session_key.encode()).hexdigest()[:16] if session_key else ""
    token = _origin.set(Origin(address, fingerprint))
    try:
        yield
    finally:
        _origin.reset(token)


def record(  # noqa: PLR0913  who did what to what, when, why, and what it wrote
    action: str,
    target: models.Model | None,
    *,
    by: policy.Actor,
    at: datetime,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    wrote: Iterable[models.Model] = (),
) -> AuditEntry:
    """Log an action, inside its transaction, so that neither exists without the other.

    `wrote` = the rows that the action has written; the log holds their digests (`audit.queries.RowFact`).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("audit.record() must be called inside the transaction of the action")
    entry = _append(
        action,
        at=at,
        by=by,
        object_type=target._meta.label if target else "",
        object_id=str(target.pk) if target else "",
        reason=reason,
        detail=_with_rows(detail or {}, wrote),
    )
    if action in ANCHORED and not audit_rules.is_about_proposal(entry.detail):
        _anchor(entry.seq, entry.hash, at, entry.action_name)
    attempt = attempts.latest()
    if attempt is not None:
        transaction.on_commit(lambda: setattr(attempt, "is_done", True))
    return entry


def record_denial(denied: policy.Denied | policy.Hidden, *, at: datetime) -> AuditEntry:
    """Log a denied action in a separate transaction: the action's own was rolled back."""
    with transaction.atomic():
        return _append(
            denied.action, at=at, by=denied.actor, result=AuditEntry.Result.DENIED, object_id=plain(denied.what)[:80]
        )


def record_refusal(attempt: attempts.Attempt, *, where: str, at: datetime) -> AuditEntry | None:
    """Log an account's action that a rule refused, after its rollback; anonymous actors are not logged."""
    if not isinstance(attempt.actor, User):
        return None
    with transaction.atomic():
        return _append(
            attempt.action,
            at=at,
            by=attempt.actor,
            result=AuditEntry.Result.REFUSED,
            object_id=plain(where)[:80],
            reason=SECRETS.sub("…", attempt.refusal),
        )


def record_finding(
    action: str,
    target: models.Model,
    *,
    by: policy.Actor,
    at: datetime,
    reason: str,
    detail: Mapping[str, object],
) -> None:
    """Log a refused action with what it found, after its rollback.

    A scheduled job that finds the same again adds nothing: it runs every few minutes.
    """
    about = {"object_type": target._meta.label, "object_id": str(target.pk)}
    newest = AuditEntry.objects.refused().filter(action=action, role=by.role, **about).order_by("-seq").first()
    if by is policy.CLOCK and newest and newest.detail == _stored(detail):
        return
    with transaction.atomic():
        _append(action, at=at, by=by, reason=reason, detail=dict(detail), result=AuditEntry.Result.REFUSED, **about)
    if attempt := attempts.latest():
        attempt.is_done = True  # the middleware need not log it once more


@transaction.atomic
def record_event(
    event: str,
    target: models.Model | None,
    *,
    by: policy.Actor,
    at: datetime,
    is_ok: bool = True,
    wrote: Iterable[models.Model] = (),
) -> AuditEntry:
    """Log an event outside the policy table, such as a log-in (`policy.EVENTS`)."""
    result = AuditEntry.Result.OK if is_ok else AuditEntry.Result.DENIED
    return _append(
        event,
        at=at,
        by=by,
        object_type=target._meta.label if target else "",
        object_id=str(target.pk) if target else "",
        result=result,
        detail=_with_rows({}, wrote),
    )


def export_number(entry: AuditEntry) -> str:
    """Return the export number with account and time, printed on every page: a leaked copy names its export."""
    who = entry.actor.username if entry.actor else entry.role
    return f"导出编号{entry.seq}（{who}，{timezone.localtime(entry.at):%Y-%m-%d %H:%M}）"


@contextmanager
def exporting(
    action: str, target: models.Model | None, *, by: policy.Actor, at: datetime, what: str
) -> Iterator[AuditEntry]:
    """Log an export (导出) and stamp the files generated in this context with its number."""
    with transaction.atomic():
        entry = record(action, target, by=by, at=at, detail={"step_label": f"导出：{what}"})
        with numbered(entry):
            yield entry


@contextmanager
def numbered(entry: AuditEntry | None) -> Iterator[None]:
    """Stamp the files generated in this context with the number of an existing entry."""
    with export_numbers.stamped(export_number(entry) if entry else ""):
        yield


def entry_of(*, by: User, at: datetime) -> AuditEntry:
    """Return the account's entry of this very moment, whose number an export bears."""
    return AuditEntry.objects.performed().filter(actor=by, at=at).latest("seq")


@transaction.atomic
def anchor(*, at: datetime, occasion: str) -> AuditAnchor:
    """Publish the chain's head (锚点); daily, so that no day can be rewritten unnoticed."""
    head = _lock_head()
    return _anchor(head.seq, head.hash, at, occasion)


def newest_anchor() -> AuditAnchor | None:
    """Return the last anchor; right after a published action it is that action's own, since the head is locked."""
    return AuditAnchor.objects.order_by("-seq", "-pk").first()


def anchor_line(*, at: datetime | None, occasion: str = "") -> list[str]:
    """Return number and hash of the anchor written at that moment, for a document; empty if there is none.

    Anchors remain when their rows have been moved to an archive.
    """
    if at is None:
        return []
    found = AuditAnchor.objects.filter(at=at, occasion__startswith=occasion[:80]).order_by("seq").first()
    return anchor_text(found.seq, found.hash) if found else []


def anchor_text(seq: int | None, digest: str) -> list[str]:
    """Return an anchor as documents print it: number of the row, and the hash to compare with the public file."""
    return [f"第{seq}条", digest] if seq else []


def _with_rows(detail: Mapping[str, Any], wrote: Iterable[models.Model]) -> dict[str, Any]:
    rows = [(kind, row.pk) for row in wrote for kind in kinds_about(row)]
    return {**detail, "fixed": {**detail.get("fixed", {}), **fixed_digests(*rows)}} if rows else dict(detail)


def _append(action: str, *, by: policy.Actor, **fields: object) -> AuditEntry:
    if not policy.is_known(action):
        raise ValueError(f"no such action in the policy table: {action}")
    head = _lock_head()
    origin = _origin.get() if isinstance(by, User) else NOWHERE
    entry = AuditEntry(
        seq=head.seq + 1,
        prev=head.hash,
        action=action,
        actor=by if isinstance(by, User) else None,
        role=by.role,
        address=origin.address,
        session=origin.session,
        **{**fields, "reason": plain(str(fields.get("reason", "")))[:300], "detail": _stored(fields.get("detail"))},
    )
    link = entry.link
    entry.hash = audit_rules.link_hash(entry.prev, {**link.fields, "seq": entry.seq, "alg": entry.algorithm})
    entry.save(force_insert=True)
    head.seq, head.hash = entry.seq, entry.hash
    head.save(update_fields=["seq", "hash"])
    return entry


def _lock_head() -> AuditHead:
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=AuditHead.KEY)
    return head


def _anchor(seq: int, digest: str, at: datetime, occasion: str) -> AuditAnchor:
    return AuditAnchor.objects.create(seq=seq, hash=digest, at=at, occasion=occasion[:80])


def plain(text: str) -> str:
    """Return the text with control characters escaped, so that it cannot forge log lines."""
    return "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)


def _stored(detail: object) -> object:
    """Return the detail as the database will return it: the hash must not depend on Python's types."""
    return json.loads(json.dumps(detail or {}))


def record_logout(account: User, *, at: datetime) -> None:
    """Log that a user logged out."""
    record_event("session.logout", account, by=account, at=at)
