"""Conversion of evidence stored before the age format (转换旧格式), part of `manage.py rotate_keys`."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.db import transaction

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import paths_of
from nanchuan_eval.encryption.sealed_bytes import Tampered, is_identity, new_identity


def reencrypt_evidence() -> Iterator[int]:
    """Encrypt each file of the old format, or of none, under a new identity; yields 1 per file.

    Damaged files are left unchanged; `verify_evidence` reports them.
    """
    for evidence_id in Evidence.objects.held().values_list("pk", flat=True):
        with transaction.atomic():
            row = _locked(evidence_id)
            is_converted = row is not None and not is_identity(row.file_key) and _write_converted(row)
        with transaction.atomic():
            row = _locked(evidence_id)
            if row is not None and is_identity(row.file_key):
                _put_in_place(row)
        if is_converted:
            yield 1


def _locked(evidence_id: UUID) -> Evidence | None:
    return Evidence.objects.held().select_for_update(of=("self",)).filter(pk=evidence_id).first()


def _write_converted(row: Evidence) -> bool:
    """Write the new files beside the old ones, which stay until the row with the new identity is committed."""
    identity = new_identity()
    try:
        for path in filter(Path.exists, paths_of(row)):
            with path.open("rb") as source, storage.opened(source, row.file_key) as plain:
                storage.encrypt_into(_converted(path), plain, identity)
    except Tampered:
        return False
    row.file_key = identity
    row.save(update_fields=["file_key"])
    return True


def _put_in_place(row: Evidence) -> None:
    """Replace the old files, including those left by an interrupted run."""
    for path in paths_of(row):
        if _converted(path).exists():
            _converted(path).replace(path)


def _converted(path: Path) -> Path:
    return path.with_name(f"{path.name}.converted")
