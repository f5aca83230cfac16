"""Rotation of FIELD_KEY (更换加密密钥): everything encrypted is re-encrypted under the first key, in batches.

Values already under the first key are skipped, so an interrupted run can be continued and a second run does nothing.
Keyed hashes use the last key of the list; they change once that key has been removed.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Cast

from nanchuan_eval.audit import services as audit
from nanchuan_eval.encryption.fields import EncryptedField, decrypt, is_newest, keyed_hash
from nanchuan_eval.encryption.sealed_bytes import decrypt_bytes, encrypt_bytes, is_encrypted, is_under_newest_key
from nanchuan_eval.permissions import policy

BATCH = 500
Table = type[models.Model]
# Encrypted data outside model fields: an app adds a function that yields how many items it has re-encrypted.
extra_steps: list[tuple[str, Callable[[], Iterable[int]]]] = []


def rotate(*, at: datetime, progress: Callable[[str, int], object]) -> int:
    """Re-encrypt everything not under the first key, calling `progress` after every batch; returns how many items."""
    total = 0
    for label, step in _steps():
        done = 0
        for count in step():
            done += count
            progress(label, done)
        total += done
    with transaction.atomic():
        audit.record("keys.rotated", None, by=policy.OPERATOR, at=at, detail={"values": total})
    return total


def _steps() -> Iterator[tuple[str, Callable[[], Iterable[int]]]]:
    for table in apps.get_models():
        for field in table._meta.concrete_fields:
            label = f"{table._meta.verbose_name}·{field.verbose_name}"
            if isinstance(field, EncryptedField):
                yield label, lambda table=table, field=field: _batches(table, field, _renew_text)  # type: ignore[misc]
            elif isinstance(field, models.BinaryField):
                yield label, lambda table=table, field=field: _batches(table, field, _renew_bytes)  # type: ignore[misc]
    yield from extra_steps


def _batches(table: Table, field: Any, renew: Callable[[Table, Any, object], int]) -> Iterator[int]:
    """Yield the number of re-encrypted values per batch; each batch is one transaction."""
    keys = list(table._default_manager.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        with transaction.atomic():
            count = sum(renew(table, field, key) for key in keys[start : start + BATCH])
        yield count


def _renew_text(table: Table, field: EncryptedField, key: object) -> int:
    stored = {"stored": Cast(field.name, models.TextField())}
    row = table._default_manager.select_for_update().filter(pk=key).annotate(**stored).values("stored").first()
    if not row or not row["stored"]:
        return 0
    changes: dict[str, object] = {}
    text = decrypt(row["stored"])
    if not is_newest(row["stored"]):
        changes[field.name] = text
    if field.looked_up_by:
        found = table._default_manager.filter(pk=key).values_list(field.looked_up_by, flat=True).get()
        if found != keyed_hash(text):
            changes[field.looked_up_by] = keyed_hash(text)
    return table._default_manager.filter(pk=key).update(**changes) if changes else 0


def _renew_bytes(table: Table, field: Any, key: object) -> int:
    rows = table._default_manager.select_for_update().filter(pk=key)
    content = rows.values_list(field.name, flat=True).first()
    stored = bytes(content) if content else b""
    if not is_encrypted(stored) or is_under_newest_key(stored):
        return 0
    return rows.update(**{field.name: encrypt_bytes(decrypt_bytes(stored))})
