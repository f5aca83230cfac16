"""Verification of what follows a publication, besides the digests in the log (for log.verify)."""

from collections.abc import Iterator

from accountability.inspections.models import Inspection
from accountability.inspections.services.visits import record_digest
from nanchuan_eval.audit.models import AuditEntry


def inspection_faults() -> Iterator[str]:
    """Yield submitted visits unlike their record's digest, and those whose inspectors are not the ones assigned."""
    submitted = Inspection.objects.exclude(record_sha256="").select_related("section")
    for inspection in submitted.prefetch_related("findings", "item_checks", "evidence"):
        if record_digest(inspection) != inspection.record_sha256:
            yield f"暗访记录（{inspection.section}，编号{inspection.pk}）与提交时的校验值不符，被改动过。"
    rows = AuditEntry.objects.performed().filter(action="insp.assign", detail__has_key="inspectors").order_by("seq")
    assigned = dict(rows.values_list("object_id", "detail__inspectors"))
    present: dict[str, list[int]] = {}
    sent = Inspection.inspectors.through.objects.order_by("user_id").values_list("inspection_id", "user_id")
    for inspection_id, inspector in sent:
        present.setdefault(str(inspection_id), []).append(inspector)
    for key, inspectors in assigned.items():
        if present.get(key, []) != inspectors:
            yield f"暗访（编号{key}）的督查员与派员时所记的不符，被改动过。"
