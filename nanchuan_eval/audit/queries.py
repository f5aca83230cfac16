"""Verification of the audit log: its chain, anchors and archives."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead

# Published actions: the chain's head is published with each of them.
ANCHORED = frozenset({"draw.commit", "draw.run", "round.close", "tally.run", "publish.approve", "publish.correct"})
# What tampered data may raise in a check.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, ObjectDoesNotExist)
# Further checks of an app, which compare its rows with the digests in the log; they yield faults in Chinese.
integrity_checks: list[Callable[[], Iterable[str]]] = []


@dataclass(frozen=True)
class FixedFact:
    """固定内容: rows of one object that an action fixed; the action's row in the log holds their digest.

    A later action that may change them logs the new digest. What `rows` yields is the same in every version, or old
    rounds would be accused: further columns are a fact of a new name. `is_purged`: True if they were deleted when due.
    """

    label: str
    rows: Callable[[str], Iterable[Sequence[Any]]]
    is_purged: Callable[[str], bool] = lambda _: False


fixed_facts: dict[str, FixedFact] = {}


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
    return [*found, *_missing_anchors(), *worded(changed_facts), *itertools.chain(*map(worded, integrity_checks))]


def worded(check: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Yield the faults of a check; data that it cannot even read is a fault too."""
    try:
        yield from check()
    except UNREADABLE as fault:
        yield f"数据无法核验，被改动过：{fault or type(fault).__name__}"


def fixed_digests(*facts: tuple[str, object]) -> dict[str, str]:
    """Return the digests of facts (kind, key of the object) as they stand, for `fixed` in an audit row's detail."""
    return {f"{kind}:{key}": _digest(fixed_facts[kind], str(key)) for kind, key in facts}


def logged_digests() -> dict[str, tuple[int, str]]:
    """Return the latest logged digest of every fact, with the number of its row."""
    rows = AuditEntry.objects.performed().filter(detail__has_key="fixed").order_by("seq")
    return {
        fact: (seq, digest) for seq, fixed in rows.values_list("seq", "detail__fixed") for fact, digest in fixed.items()
    }


def changed_facts() -> Iterator[str]:
    """Yield the facts that no longer have the digest logged by the last action that fixed them."""
    for name, (seq, digest) in logged_digests().items():
        kind, _, key = name.partition(":")
        fact = fixed_facts[kind]
        if _digest(fact, key) != digest and not fact.is_purged(key):
            yield f"{fact.label}（编号{key}）与操作日志第{seq}条所记的校验值不符，被改动、增补或删除过。"


def _digest(fact: FixedFact, key: str) -> str:
    digest = hashlib.sha256()
    for row in fact.rows(key):
        digest.update(json.dumps(list(row), ensure_ascii=False, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()


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
