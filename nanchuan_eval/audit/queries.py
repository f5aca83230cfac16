"""Verification of the audit log: its chain, anchors and archives."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead
from nanchuan_eval.core.errors import RuleViolation

# Published actions: the chain's head is published with each of them.
ANCHORED = frozenset({"draw.commit", "draw.run", "round.close", "tally.run", "publish.approve", "publish.correct"})
# What tampered data may raise in a check.
UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(RecursionError, ObjectDoesNotExist, RuleViolation),
)
CHUNK = 2000
# Further checks of an app, which compare its rows with the digests in the log; they yield faults in Chinese.
integrity_checks: list[Callable[[], Iterable[str]]] = []
# Those that take minutes: only commands run them.
thorough_checks: list[Callable[[], Iterable[str]]] = []


class Fact(Protocol):
    """固定内容: what an action fixed; the action's row in the log holds its digest.

    A later action that may change it logs the new digest. The columns of a fact never change, or digests logged
    before would accuse: a new column gets a fact of its own.
    """

    @property
    def label(self) -> str:
        """Return its name in Chinese."""
        ...

    def digests(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the present digest of each object; of nothing if it no longer exists."""
        ...

    def is_excused(self, key: str) -> bool:
        """True if a difference is no tampering, because the rows were deleted when due."""
        ...

    def added(self, known: Iterable[str]) -> Iterable[str]:
        """Return the objects that exist but that no action has fixed."""
        ...


@dataclass(frozen=True)
class FixedFact:
    """Rows of one object, fixed together (a box, a list). `is_purged`: True if they were deleted when due."""

    label: str
    rows: Callable[[str], Iterable[Sequence[Any]]]
    is_purged: Callable[[str], bool] = lambda _: False

    def digests(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the present digest of each object (one reading of its rows each)."""
        return {key: _digest(self.rows(key)) for key in keys}

    def is_excused(self, key: str) -> bool:
        """True if the rows were purged."""
        return self.is_purged(key)

    def added(self, known: Iterable[str]) -> Iterable[str]:
        """Return nothing: other objects may have such rows before an action fixes them."""
        return ()


@dataclass(frozen=True)
class GroupedFact:
    """Rows of a table by the object that `by` leads to, fixed together in the order of a column (one query for all)."""

    label: str
    model: type[models.Model]
    by: str
    columns: tuple[str, ...]
    order: str

    def digests(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the present digest of each object."""
        found: dict[str, list[Sequence[Any]]] = {key: [] for key in keys}
        rows = self.model._default_manager.filter(**{f"{self.by}__in": list(found)}).order_by(self.order)
        for key, *values in rows.values_list(self.by, *self.columns):
            found[key].append(values)
        return {key: _digest(values) for key, values in found.items()}

    def is_excused(self, key: str) -> bool:
        """Return False: rows of these tables are never deleted."""
        return False

    def added(self, known: Iterable[str]) -> Iterable[str]:
        """Return the objects that have rows but that no action has fixed."""
        return sorted(set(self.model._default_manager.order_by().values_list(self.by, flat=True)) - set(known))


@dataclass(frozen=True)
class RowFact:
    """Single rows of a table, each as the last action that wrote it left it (one query for all).

    `is_complete`: True if no row comes into being without an audit row, so that another row was added by SQL.
    `part`: the name of a fact about columns that came later; a row whose columns are all empty counts as none, as
    the actions before them logged nothing about them.
    """

    label: str
    model: type[models.Model]
    columns: tuple[str | models.Expression, ...]
    is_complete: bool = True
    part: str = ""

    @property
    def kind(self) -> str:
        """Return the name under which digests are logged."""
        return f"{self.model._meta.label}+{self.part}" if self.part else self.model._meta.label

    def digests(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the present digest of each row."""
        wanted = {str(key): _digest(()) for key in keys}
        rows = self.model._default_manager.order_by()
        if len(wanted) <= CHUNK:
            rows = rows.filter(pk__in=list(wanted))
        for key, *values in rows.values_list("pk", *self.columns).iterator(chunk_size=CHUNK):
            if str(key) in wanted and self._is_held(values):
                wanted[str(key)] = _digest([values])
        return wanted

    def is_excused(self, key: str) -> bool:
        """Return False: rows of these tables are deleted by logged actions only."""
        return False

    def added(self, known: Iterable[str]) -> Iterable[str]:
        """Return the rows that no action has written."""
        if not self.is_complete:
            return ()
        rows = self.model._default_manager.order_by().values_list("pk", *(self.columns if self.part else ()))
        held = {str(key) for key, *values in rows.iterator(chunk_size=CHUNK) if self._is_held(values)}
        return sorted(held - set(known))

    def _is_held(self, values: Sequence[Any]) -> bool:
        return not self.part or any(values)


fixed_facts: dict[str, Fact] = {}


def register_rows(*facts: RowFact) -> None:
    """Register facts about single rows; `kinds_about` finds them by the model."""
    fixed_facts.update({fact.kind: fact for fact in facts})


def kinds_about(row: models.Model) -> list[str]:
    """Return the kinds of the registered facts about the row."""
    label = row._meta.label
    return [kind for kind in fixed_facts if kind == label or kind.startswith(f"{label}+")]


def verify_chain(
    anchors: Iterable[audit_rules.Anchor] = (), *, archived: Sequence[audit_rules.Link] = (), is_thorough: bool = False
) -> list[str]:
    """Return every fault of the chain, its anchors and the integrity checks, in Chinese; `is_thorough`: all of them.

    `archived` = rows of archive files in order; rows that the table still holds are read from the table.
    """
    chain = partial(_chain_faults, anchors, archived)
    checks: list[Callable[[], Iterable[str]]] = [chain, _missing_anchors, changed_facts, *integrity_checks]
    if is_thorough:
        checks += thorough_checks
    return list(itertools.chain(*map(worded, checks)))


def _chain_faults(anchors: Iterable[audit_rules.Anchor], archived: Sequence[audit_rules.Link]) -> Iterator[str]:
    head = AuditHead.current()
    known = [audit_rules.Anchor(a.seq, a.hash) for a in AuditAnchor.objects.all()]
    first = AuditEntry.objects.order_by("seq").values_list("seq", flat=True).first() or 1
    before = [link for link in archived if link.seq < first]
    rows = (entry.link for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=CHUNK))
    yield from audit_rules.faults(
        itertools.chain(before, rows),
        head=audit_rules.Anchor(head.seq, head.hash),
        anchors=[*known, *anchors],
        start=_start(before[0].seq if before else first),
    )


def worded(check: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Yield the faults of a check; data that it cannot even read is a fault too."""
    try:
        yield from check()
    except UNREADABLE as fault:
        yield f"数据无法核验，被改动过：{fault or type(fault).__name__}"


def fixed_digests(*facts: tuple[str, object]) -> dict[str, str]:
    """Return the digests of facts (kind, key of the object) as they stand, for `fixed` in an audit row's detail."""
    asked: dict[str, list[str]] = {}
    for kind, key in facts:
        asked.setdefault(kind, []).append(str(key))
    return {
        f"{kind}:{key}": digest
        for kind, keys in asked.items()
        for key, digest in fixed_facts[kind].digests(keys).items()
    }


def logged_digests() -> dict[str, tuple[int, str]]:
    """Return the latest logged digest of every fact, with the number of its row."""
    rows = AuditEntry.objects.filter(result=AuditEntry.Result.OK, detail__has_key="fixed").order_by("seq")
    return {
        fact: (seq, digest) for seq, fixed in rows.values_list("seq", "detail__fixed") for fact, digest in fixed.items()
    }


def changed_facts(*kinds: str) -> Iterator[str]:
    """Yield the facts, of all kinds or of these, without the digest logged by the last action that fixed them."""
    logged: dict[str, dict[str, tuple[int, str]]] = {kind: {} for kind in kinds or fixed_facts}
    for name, entry in logged_digests().items():
        kind, _, key = name.partition(":")
        if kind in logged:
            logged[kind][key] = entry
    is_whole = knows_every_row()
    for kind, entries in logged.items():
        yield from worded(partial(_changed, fixed_facts[kind], entries, is_whole=is_whole))


def _changed(fact: Fact, entries: Mapping[str, tuple[int, str]], *, is_whole: bool) -> Iterator[str]:
    present = fact.digests(entries)
    for key, (seq, digest) in entries.items():
        if present[key] != digest and not fact.is_excused(key):
            yield f"{fact.label}（编号{key}）与操作日志第{seq}条所记的校验值不符，被改动、增补或删除过。"
    if is_whole:
        for key in fact.added(entries):
            yield f"{fact.label}（编号{key}）在操作日志中没有记录，是另行加入的。"


def knows_every_row() -> bool:
    """True if the log has held the digests of single rows from its first account on; an upgraded one has not."""
    first = AuditEntry.objects.performed().filter(action__in=["user.create", "log.dropped"])
    details = list(first.values_list("detail", flat=True))
    return bool(details) and all("fixed" in detail and "older" not in detail for detail in details)


def _digest(rows: Iterable[Sequence[Any]]) -> str:
    digest, encode = hashlib.sha256(), json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode
    for row in rows:
        digest.update(encode(list(row)).encode() + b"\n")
    return digest.hexdigest()


def _missing_anchors() -> Iterator[str]:
    """Yield the published actions whose anchor, written together with them, is missing."""
    anchors = set(AuditAnchor.objects.values_list("seq", "at"))
    for entry in AuditEntry.objects.performed().filter(action__in=ANCHORED).order_by("seq"):
        if (entry.seq, entry.at) not in anchors:
            yield f"第{entry.seq}条（{entry.action_name}）缺少日志锚点，日志锚点已被删除或改动。"


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
