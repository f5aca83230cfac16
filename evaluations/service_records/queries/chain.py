"""The units' chains of record batches, as they stand and as the public page shows them."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q

from departments.models import Department, Section
from evaluations.rounds.queries import rounds_to_choose
from evaluations.rounds.rules.lifecycle import SEALED
from evaluations.service_records.models import RecordBatch, ServiceRecord, StatedCount
from evaluations.service_records.rules.chain import Link, chain_faults, day_digest, first_head, record_leaf
from evaluations.service_records.rules.parsing import person_key
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import GroupedFact, changed_facts

LINK = ("seq", "day", "records", "digest", "head", "is_correction")
# Not the salt, which leaves with the last name of a batch; the digest commits to it, and the head to the kind of batch.
FIXED = ("id", "seq", "day", "records", "digest", "head", "received_at", "by_id")
CHAIN = GroupedFact("办件批次和累计校验值", RecordBatch, by="unit__code", columns=FIXED, order="seq")
CHUNK = 2000


class Stated(NamedTuple):
    """What a unit says it finished on a day, and what it said before it changed the figure."""

    records: int
    earlier: tuple[int, ...] = ()


def chain_ends(units: Iterable[Department]) -> dict[int, tuple[int, str]]:
    """Return unit -> number and head of its last batch, (0, first head) before any (1 query)."""
    found = {unit.pk: (0, first_head(unit.code)) for unit in units}
    rows = RecordBatch.objects.filter(unit_id__in=list(found)).order_by("seq")
    for unit_id, seq, head in rows.values_list("unit_id", "seq", "head").iterator():
        found[unit_id] = (seq, head)
    return found


def chains() -> dict[str, list[Link]]:
    """Return the chain of every unit that has one, by its code (1 query)."""
    found: dict[str, list[Link]] = {}
    rows = RecordBatch.objects.order_by("unit__code", "seq").values_list("unit__code", *LINK)
    for code, *values in rows.iterator():
        found.setdefault(code, []).append(Link(*values))
    return found


def chain_of(unit: str) -> list[Link]:
    """Return the chain of one unit (1 query)."""
    rows = RecordBatch.objects.filter(unit__code=unit).order_by("seq").values_list(*LINK)
    return [Link(*values) for values in rows]


def stated_counts(unit: Department | None = None) -> dict[str, dict[date, Stated]]:
    """Return what the units, or one of them, state: code -> day -> count, with those before it (2 queries).

    The audit log has the earlier ones; only a changed figure has a reason, which may name somebody and stays there.
    """
    counts = StatedCount.objects.filter(unit_id=unit.pk) if unit else StatedCount.objects.all()
    rows = list(counts.order_by().values_list("pk", "unit__code", "day", "records"))
    changed = AuditEntry.objects.performed().filter(object_type=StatedCount._meta.label).exclude(reason="")
    earlier: dict[str, list[int]] = {}
    for key, detail in changed.order_by("seq").values_list("object_id", "detail") if rows else ():
        if detail.get("before") is not None:
            earlier.setdefault(key, []).append(detail["before"])
    found: dict[str, dict[date, Stated]] = {}
    for pk, code, day, records in rows:
        found.setdefault(code, {})[day] = Stated(records, tuple(earlier.get(str(pk), ())))
    return found


def rated_units() -> set[str]:
    """Return the codes of the units with sections to be rated (1 query)."""
    return set(Section.objects.active().order_by().values_list("department__code", flat=True))


def days_delivered() -> tuple[date, date] | None:
    """Return the first and the last day of which any unit delivered (1 query)."""
    found = RecordBatch.objects.aggregate(first=Min("day"), last=Max("day"))
    return (found["first"], found["last"]) if found["first"] else None


def period_watched(today: date) -> tuple[date, date] | None:
    """Return the days of the rounds begun that draw from the records and are not sealed, or of the latest (1 query).

    The vote on a half-year falls into the next one, whose round may have begun as well.
    """
    rounds = rounds_to_choose().filter(period_start__lte=today, rulebook__client_draw=True)
    found = list(rounds.order_by("-period_start").values_list("period_start", "period_end", "state"))
    watched = [row for row in found if row[2] not in SEALED] or found[:1]
    return (min(row[0] for row in watched), max(row[1] for row in watched)) if watched else None


def public_chain_faults() -> Iterator[str]:
    """Yield the faults of the chains, and what is no longer as the audit log fixed it (7 queries).

    A chain without its newest batch, or with a newest batch computed anew, holds in itself.
    """
    yield from record_chain_faults()
    yield from changed_facts("record_chain")


def record_chain_faults() -> Iterator[str]:
    """Yield in Chinese which chain does not hold, and which batch no longer has its records (3 queries)."""
    names = dict(Department.objects.values_list("code", "name"))
    for code, links in chains().items():
        for fault in chain_faults(code, links):
            yield f"{names[code]}的办件累计校验：{fault}。"
    counted = RecordBatch.objects.annotate(held=Count("entries")).exclude(held=F("records"))
    for batch in counted.select_related("unit").order_by("unit__code", "seq"):
        held: int = batch.held
        yield f"{batch.unit.name}第{batch.seq}批办件应有{batch.records}件，现有{held}件，被删除或者增补过。"


def correction_faults() -> Iterator[str]:
    """Yield in Chinese which record is left out, or counted twice, without a correction that says so (2 queries).

    Versions of a record are numbered from 1; all but the newest are corrected ones, and all but the first came in
    correction batches, to which the unit's chain commits.
    """
    newer = ServiceRecord.objects.filter(
        unit=OuterRef("unit"), number=OuterRef("number"), version=OuterRef("version") + 1
    )
    earlier = ServiceRecord.objects.filter(
        unit=OuterRef("unit"), number=OuterRef("number"), version=OuterRef("version") - 1
    )
    marked = ServiceRecord.objects.filter(Q(is_corrected=True) & ~Exists(newer) | Q(is_corrected=False) & Exists(newer))
    for record in marked.select_related("unit").order_by("unit__code", "number"):
        yield f"{record.unit.name}的办件{record.number}的更正标记与更正批次不符，被改动过。"
    corrected = Q(version__gt=1)
    odd = ServiceRecord.objects.filter(
        (corrected & (Q(batch__is_correction=False) | ~Exists(earlier))) | (~corrected & Q(batch__is_correction=True))
    )
    for record in odd.select_related("unit").order_by("unit__code", "number"):
        yield f"{record.unit.name}的办件{record.number}第{record.version}版所在的批次不符，被改动过。"


def record_content_faults(progress: Callable[[int], object] = lambda _: None) -> Iterator[str]:
    """Yield in Chinese each batch whose records are no longer those it was closed with; takes a while.

    A batch some of whose people have left after a round cannot be recomputed and is passed over. `progress` hears how
    many records are done.
    """
    records = ServiceRecord.objects.select_related("client", "section").order_by("batch__unit__code", "batch__seq")
    by_batch = itertools.groupby(records.iterator(chunk_size=CHUNK), key=lambda record: record.batch_id)
    batches = RecordBatch.objects.select_related("unit").in_bulk()
    for key, held in by_batch:
        batch, lines = batches[key], list(held)
        progress(len(lines))
        if any(record.client is None or not record.client.name for record in lines):
            continue
        if day_digest(batch.salt, (_leaf(batch.salt, record) for record in lines)) != batch.digest:
            yield f"{batch.unit.name}第{batch.seq}批办件的内容与收到时不同，被改动过。"


def _leaf(salt: str, record: ServiceRecord) -> bytes:
    name, phone = (person_key(record.client.name), str(record.client.phone)) if record.client else ("", "")
    day = record.finished_on.isoformat()
    return record_leaf(salt, record.number, record.section.code, day, record.topic, name, phone)
