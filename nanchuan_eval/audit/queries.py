"""Verification of the audit log: its chain, anchors and archives."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from django.db import models

from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead

# Published actions: the chain's head is published with each of them.
ANCHORED = frozenset({"draw.commit", "draw.run", "round.close", "tally.run", "publish.approve", "publish.correct"})
# Further checks of an app, which compare its rows with the digests in the log; they yield faults in Chinese.
integrity_checks: list[Callable[[], Iterable[str]]] = []


def verify_chain(anchors: Iterable[audit_rules.Anchor] = (), *, archived: Sequence[audit_rules.Link] = ()) -> list[str]:
    """Return every fault of the chain, its anchors and the integrity checks, in Chinese.

    `archived` = rows of archive files in order; rows that the table still holds are read from the table.
    """
    head = AuditHead.current()
    known = [audit_rules.Anchor(a.seq, a.hash) for a in AuditAnchor.objects.all()]
    first = AuditEntry.objects.order_by("seq").values_list("seq", flat=True).first() or 1
    before = [link for link in archived if link.seq < first]
    rows = (entry.link for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=2000))
    found = audit_rules.faults(
        itertools.chain(before, rows),
        head=audit_rules.Anchor(head.seq, head.hash),
        anchors=[*known, *anchors],
        start=_start(before[0].seq if before else first),
    )
    return [*found, *_missing_anchors(), *(fault for check in integrity_checks for fault in check())]


def _missing_anchors() -> Iterator[str]:
    """Yield the published actions whose anchor, written together with them, is missing."""
    published = AuditEntry.objects.performed().filter(action__in=ANCHORED)
    for entry in published.exclude(seq__in=AuditAnchor.objects.values("seq")).order_by("seq"):
        yield f"第{entry.seq}条（{entry.action_name}）缺少日志锚点，日志锚点已被删除。"


def archives() -> models.QuerySet[AuditEntry]:
    """Return the entries about the archives that were written."""
    return AuditEntry.objects.performed().filter(action="log.archive", detail__has_key="last_hash")


def archived_until() -> datetime | None:
    """Return the time of the newest row that may exist in an archive only; None if no rows were removed."""
    first = AuditEntry.objects.order_by("seq").values_list("seq", flat=True).first() or 1
    newest = archives().filter(detail__last=first - 1).first()
    return datetime.fromisoformat(newest.detail["last_at"]) if newest else None


def _start(first: int) -> audit_rules.Anchor:
    """Return the anchor before row `first`: the start of the chain, or the end of an archive recorded in the log."""
    noted = archives().filter(detail__last=first - 1).first() if first > 1 else None
    return audit_rules.Anchor(noted.detail["last"], noted.detail["last_hash"]) if noted else audit_rules.START
