"""The units' chains of record batches, as they stand and as the public page shows them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, F

from departments.models import Department
from evaluations.service_records.models import RecordBatch, StatedCount
from evaluations.service_records.rules.chain import Link, chain_faults, first_head

LINK = ("seq", "day", "records", "digest", "head")


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


def chain_rows(unit: str) -> Sequence[Sequence[Any]]:
    """Return a unit's batches as the audit log fixes them."""
    return [list(link) for link in chain_of(unit)]


def stated_counts(unit: Department | None = None) -> dict[str, dict[date, int]]:
    """Return what the units, or one of them, stated: code -> day -> count (1 query)."""
    rows = StatedCount.objects.filter(unit_id=unit.pk) if unit else StatedCount.objects.all()
    found: dict[str, dict[date, int]] = {}
    for code, day, records in rows.order_by().values_list("unit__code", "day", "records"):
        found.setdefault(code, {})[day] = records
    return found


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
