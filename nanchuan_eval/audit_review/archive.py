"""Archiving the audit log (日志归档): proposed by the auditor, approved by the system administrator (log.archive).

An archive is a file of the oldest rows, written after an anchor; its digest is logged. The application never removes
a row: `manage.py drop_archived` does, run as the database's superuser, and only rows of an archive whose digest the
log holds. The remaining chain continues where the archive ends.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit import sql as audit_sql
from nanchuan_eval.audit.models import AuditEntry, AuditHead
from nanchuan_eval.audit.queries import archives, knows_every_row, logged_digests
from nanchuan_eval.audit_review import services as audit_review
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

LEAST_AGE = timedelta(days=183)  # 网络安全法: logs are kept accessible for six months
ARCHIVE = "log.archive"


@transaction.atomic
def archive_log(*, until: date, by: User, at: datetime) -> Path:
    """Write an anchor, then all rows before the day into a file, and log its digest; the rows stay in the table."""
    policy.check(by, ARCHIVE)
    rows = _rows_before(until, at)
    first, last = rows[0], rows[-1]
    audit.anchor(at=at, occasion="归档前锚点")
    target = Path(settings.ARCHIVE_ROOT) / f"trail-{first.seq}-{last.seq}.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = "".join(audit_review.line(row) for row in rows).encode()
    try:
        target.write_bytes(content)
        audit.record(ARCHIVE, None, by=by, at=at, detail=_note(target.name, content, first, last))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def drop_archived(*, content: bytes, at: datetime) -> int:
    """Remove the rows of an archive from the table; needs the database's superuser.

    The digests that only the removed rows held are logged again, so that a change is still found.
    """
    digest = hashlib.sha256(content).hexdigest()
    noted = archives().filter(detail__sha256=digest).first()
    if noted is None:
        raise RuleViolation("操作日志中没有这个归档文件的校验值，文件不全或被改动过。")
    first, last = noted.detail["first"], noted.detail["last"]
    links = audit_rules.parse_links(content.decode())
    hashes = {link.seq: link.hash for link in links}
    is_whole = knows_every_row()
    with transaction.atomic():
        rows = AuditEntry.objects.filter(seq__gte=first, seq__lte=last)
        if dict(rows.values_list("seq", "hash")) != hashes:
            raise RuleViolation("归档文件与库中的记录不一致，或者已经移出过。")
        with audit_sql.unguarded(connection):
            rows.delete()
        later = logged_digests()
        kept = {fact: digest for fact, digest in fixed_in(links).items() if fact not in later}
        detail = {"first": first, "last": last, "fixed": kept, **({} if is_whole else {"older": True})}
        audit.record("log.dropped", None, by=policy.OPERATOR, at=at, detail=detail)
    return len(hashes)


def fixed_in(links: Iterable[audit_rules.Link]) -> dict[str, str]:
    """Return the latest digest of every fact in rows of the log."""
    fixed: dict[str, str] = {}
    for link in links:
        detail: Any = link.fields["detail"]
        if link.fields["result"] == AuditEntry.Result.OK:
            fixed.update(detail.get("fixed", {}))
    return fixed


def _rows_before(until: date, at: datetime) -> list[AuditEntry]:
    """Return the oldest rows that are not archived yet, without a gap, older than the day and than six months."""
    moment = timezone.make_aware(datetime.combine(until, time.min))
    if moment > at - LEAST_AGE:
        newest = timezone.localtime(at - LEAST_AGE).date()
        raise RuleViolation(f"只能归档满{LEAST_AGE.days}日的日志，截止日期最晚为{newest:%Y-%m-%d}。")
    first_kept = AuditEntry.objects.filter(at__gte=moment).order_by("seq").values_list("seq", flat=True).first()
    rows = AuditEntry.objects.order_by("seq")
    found = list(rows.filter(seq__lt=first_kept) if first_kept else rows)
    archived = archives().order_by("-seq").first()
    found = [row for row in found if archived is None or row.seq > archived.detail["last"]]
    if not found:
        raise RuleViolation("截止日期之前没有未归档的日志。")
    return found


def _note(name: str, content: bytes, first: AuditEntry, last: AuditEntry) -> dict[str, object]:
    return {
        "step_label": "归档日志",
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "first": first.seq,
        "last": last.seq,
        "last_hash": last.hash,
        "last_at": last.at.isoformat(),
    }


def _content(_: AuditHead, arguments: Arguments) -> dict[str, object]:
    rows = _rows_before(date.fromisoformat(arguments["until"]), timezone.now())
    return {
        "截止日期（不含）": arguments["until"],
        "条数": len(rows),
        "起止编号": f"第{rows[0].seq}条至第{rows[-1].seq}条",
        "末条校验值": rows[-1].hash,
        "办理方式": "先记锚点，再写归档文件；库中的记录由数据库管理员另用命令移出",
    }


ARCHIVE_LOG = ApprovableAction(
    ARCHIVE,
    permission=ARCHIVE,
    label="归档日志",
    model=AuditHead,
    content=_content,
    perform=lambda _, arguments, by, at: archive_log(until=date.fromisoformat(arguments["until"]), by=by, at=at),
    names=lambda _, arguments: f"{arguments['until']}之前的日志",
)
