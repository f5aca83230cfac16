"""Verification and export of the audit log (log.verify, log.export)."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core import export_numbers
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def verify_log(*, by: User, at: datetime) -> list[str]:
    """Return every fault of the audit log in Chinese; the verification itself is logged."""
    policy.check(by, "log.verify")
    found = verify_chain()
    audit.record("log.verify", None, by=by, at=at, detail={"faults": len(found)})
    return found


@transaction.atomic
def export_log(*, by: User, at: datetime) -> tuple[str, str]:
    """Return a file name and the whole log: export number, one canonical JSON object per line, anchors."""
    policy.check(by, "log.export")
    entry = audit.record("log.export", None, by=by, at=at)
    heading = f"# {audit.export_number(entry)}\n"
    return export_numbers.numbered_filename("audit.jsonl", entry.seq), heading + "".join(_lines(until=entry.seq))


def line(entry: AuditEntry) -> str:
    """Return a row as a line of exports and archives; `audit.rules.parse_links` reads it."""
    link = entry.link
    row = {**link.fields, "seq": link.seq, "prev": link.prev, "hash": link.hash, "alg": link.algorithm}
    return canonical_json(row).decode() + "\n"


def _lines(until: int) -> Iterator[str]:
    rows = AuditEntry.objects.filter(seq__lte=until).order_by("seq").iterator(chunk_size=2000)
    yield from (line(entry) for entry in rows)
    for anchor in AuditAnchor.objects.all():
        yield f"# {anchor}\n"


def approval_faults() -> Iterator[str]:
    """Yield the proposals whose content is no longer the one that their digest fixed."""
    purges = AuditEntry.objects.performed().filter(action="retention.purge").exists()
    for approval in Approval.objects.order_by("pk").iterator():
        is_purged = purges and approval.action in approvals.purged_actions and not approval.arguments
        if not is_purged and approvals.proposal_digest(approval) != approval.digest:
            yield f"审批“{approval}”（编号{approval.pk}）的内容与提请时的校验值不符，被改动过。"
