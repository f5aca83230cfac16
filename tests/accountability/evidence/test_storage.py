"""Evidence at rest: encryption, bounded memory, detection of changed files."""

import hashlib
import io
import resource
import threading

import pytest
from django.db import connection

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import add_evidence, file_faults, open_original
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.sealed_bytes import CHUNK, new_identity
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_evidence, make_file, png, stored_files

pytestmark = pytest.mark.django_db
HARMS = {
    "cut": lambda b: b[:-1],
    "cut after a chunk": lambda b: b[: -64 * 1024 - 16],
    "changed": lambda b: b[:-100] + bytes([b[-100] ^ 1]) + b[-99:],
    "longer": lambda b: b + b"x",
    "header changed": lambda b: b[:60] + b"#" + b[61:],
    "foreign": lambda b: b"x" + b[1:],
    "empty": lambda b: b"",
}


def test_stored_files_and_keys_are_encrypted(evidence_root):
    row = make_evidence()
    for path in stored_files(evidence_root):
        content = path.read_bytes()
        assert b"PNG" not in content
        assert b"JFIF" not in content
    with connection.cursor() as cursor:
        cursor.execute("SELECT file_key FROM accountability_evidence")
        assert row.file_key not in str(cursor.fetchall())


def test_a_large_file_is_encrypted_and_read_with_bounded_memory(tmp_path):
    film, key = tmp_path / "film", new_identity()
    with film.open("wb") as target:
        for number in range(64):
            target.write(bytes([number]) * 1024 * 1024)
    with film.open("rb") as source:
        expected = hashlib.file_digest(source, "sha256").hexdigest()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with film.open("rb") as source:
        assert storage.encrypt_into(tmp_path / "encrypted", source, key) == expected
    digest = hashlib.sha256()
    for chunk in storage.read(tmp_path / "encrypted", key):
        digest.update(chunk)
    assert digest.hexdigest() == storage.digest_of(tmp_path / "encrypted", key) == expected
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # KiB


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1])
def test_files_of_every_length_round_trip(tmp_path, size):
    key, content = new_identity(), bytes(size)
    storage.encrypt_into(tmp_path / "encrypted", io.BytesIO(content), key)
    assert b"".join(storage.read(tmp_path / "encrypted", key)) == content


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_truncated_or_changed_files_cannot_be_read(tmp_path, harm):
    path, key = tmp_path / "encrypted", new_identity()
    storage.encrypt_into(path, io.BytesIO(bytes(2 * 64 * 1024)), key)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(RuleViolation, match="调换"):
        storage.digest_of(path, key)
    with pytest.raises(RuleViolation, match="调换"):
        list(storage.read(path, key))


def test_closing_a_reader_early_leaves_no_thread_behind(tmp_path):
    path, key = tmp_path / "encrypted", new_identity()
    storage.encrypt_into(path, io.BytesIO(bytes(8 * 1024 * 1024)), key)
    before, content = threading.active_count(), storage.read(path, key)
    assert len(next(content)) == CHUNK
    content.close()
    assert threading.active_count() == before


def test_an_exchanged_file_is_detected():
    row = make_evidence()
    other = add_evidence(subject=row.progress, upload=make_file(), by=row.uploaded_by, at=LATER)
    mine = storage.original_path(row.pk, row.suffix)
    mine.write_bytes(storage.original_path(other.pk, other.suffix).read_bytes())

    with pytest.raises(RuleViolation, match="调换"):
        open_original(evidence_id=row.pk, reason="核对", by=make_account(Role.CHIEF), at=LATER)
    assert "调换" in next(file_faults())


def test_a_file_encrypted_again_with_its_own_key_is_detected():
    row = make_evidence()
    storage.encrypt_into(storage.original_path(row.pk, row.suffix), io.BytesIO(b"forged"), row.file_key)

    with pytest.raises(RuleViolation, match="校验值不符"):
        open_original(evidence_id=row.pk, reason="核对", by=make_account(Role.CHIEF), at=LATER)


def test_a_changed_hash_is_detected_by_the_audit_log():
    row = make_evidence()
    assert verify_chain() == []
    Evidence.objects.filter(pk=row.pk).update(sha256="0" * 64)
    assert f"佐证材料{row.pk}的校验值与上传时记入操作日志的不符，内容已被改动。" in verify_chain()


def test_files_stored_before_the_encryption_can_be_read():
    row = make_evidence()
    storage.original_path(row.pk, row.suffix).write_bytes(png())
    Evidence.objects.filter(pk=row.pk).update(file_key="")
    _, content = open_original(evidence_id=row.pk, reason="核对", by=make_account(Role.CHIEF), at=LATER)
    assert b"".join(content) == png()
