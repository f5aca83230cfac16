"""Whether evidence is still what was uploaded: the rows against the trace, the files against the rows."""

from collections.abc import Iterator

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import paths_of
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.services import archived_until
from nanchuan_eval.encryption.sealed_bytes import Tampered


def evidence_faults() -> Iterator[str]:
    """Yield where a piece's hash is not the one that the trace noted at its upload (log.verify)."""
    uploads = AuditEntry.objects.filter(object_type=Evidence._meta.label, detail__has_key="file")
    traced = {entry.object_id: entry.detail["file"] for entry in uploads.iterator(chunk_size=2000)}
    in_archives = archived_until()
    for row in Evidence.objects.all():
        known = traced.get(str(row.pk))
        if known is None and in_archives and row.uploaded_at <= in_archives:
            continue  # its trace lies in an archive: `verify_audit --archive` vouches for that
        if known != row.sha256:
            yield f"佐证材料{row.pk}的校验值与上传时记入操作日志的不符，内容已被改动。"


def file_faults() -> Iterator[str]:
    """Yield every stored original that is missing or is not what was uploaded; reads all of them."""
    for row in Evidence.objects.held().iterator():
        try:
            digest = storage.digest_of(paths_of(row)[0], row.file_key)
        except Tampered as fault:
            yield f"佐证材料{row.pk}：{fault}"
            continue
        if digest != row.sha256:
            yield f"佐证材料{row.pk}的原件与上传时的校验值不符，原件已被调换。"
