"""Sealing evidence from before it was sealed (补加密): part of `manage.py rotate_keys`."""

from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from accountability.evidence import storage as evidence_storage
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import paths_of
from nanchuan_eval.encryption.sealed_bytes import new_key


def seal_open_evidence() -> Iterator[int]:
    """Seal every piece that lies in the open, the file and its copy, one piece after another."""
    for row in Evidence.objects.held():
        if row.file_key:
            continue
        with transaction.atomic():
            if Evidence.objects.select_for_update(of=("self",)).get(pk=row.pk).file_key:
                continue
            key = new_key()
            plain = [path for path in paths_of(row) if path.exists()]
            sealed = [_sealed_beside(path, key) for path in plain]
            Evidence.objects.filter(pk=row.pk).update(file_key=key)
        for path, new in zip(plain, sealed, strict=True):
            new.rename(path)
        yield 1


def _sealed_beside(path: Path, key: str) -> Path:
    target = path.with_name(f"{path.name}.sealed")
    with path.open("rb") as source:
        evidence_storage.seal_into(target, source, key)
    return target
