"""What the auditor does with the trace: verify it, take it away (log.verify, log.export)."""

from collections.abc import Iterator
from datetime import datetime

from django.db import models, transaction

from nanchuan_eval import audit, marks, policy
from nanchuan_eval.models import AuditAnchor, AuditEntry, User
from nanchuan_eval.rules.canonical import canonical_json


@transaction.atomic
def verify_trail(*, by: User, at: datetime) -> list[str]:
    """Return every fault of the trace in Chinese; that it was verified is itself a trace."""
    policy.check(by, "log.verify")
    found = audit.verify_chain()
    audit.record("log.verify", None, by=by, at=at, detail={"faults": len(found)})
    return found


@transaction.atomic
def export_trail(*, by: User, at: datetime) -> tuple[str, str]:
    """Return a file's name and the whole trace: the export's number, a canonical JSON object a line, the anchors."""
    policy.check(by, "log.export")
    entry = audit.record("log.export", None, by=by, at=at)
    mark = f"# {audit.export_mark(entry)}\n"
    return marks.named("audit.jsonl", entry.seq), mark + "".join(_lines(until=entry.seq))


def logins_of(user: User) -> models.QuerySet[AuditEntry]:
    """Return an account's log-ins, also the failed ones (登录记录)."""
    return AuditEntry.objects.filter(
        action__startswith="session.", object_type=user._meta.label, object_id=str(user.pk)
    ).order_by("-seq")


def deeds_of(user: User) -> models.QuerySet[AuditEntry]:
    """Return what an account did (log.own)."""
    if not policy.may_see(user, "log.own", own=True):
        return AuditEntry.objects.none()
    return AuditEntry.objects.filter(actor=user).exclude(action__startswith="session.").order_by("-seq")


def anchors_text() -> str:
    """Return the anchors' file: public, for whoever wants to keep a copy."""
    return "".join(f"{anchor}\n" for anchor in AuditAnchor.objects.all())


def line(entry: AuditEntry) -> str:
    """Return a row as exports and archives keep it; `rules.chain.parse_links` reads it again."""
    link = entry.link
    row = {**link.fields, "seq": link.seq, "prev": link.prev, "hash": link.hash, "alg": link.algorithm}
    return canonical_json(row).decode() + "\n"


def _lines(until: int) -> Iterator[str]:
    rows = AuditEntry.objects.filter(seq__lte=until).order_by("seq").iterator(chunk_size=2000)
    yield from (line(entry) for entry in rows)
    for anchor in AuditAnchor.objects.all():
        yield f"# {anchor}\n"
