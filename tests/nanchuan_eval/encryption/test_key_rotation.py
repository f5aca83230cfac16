"""Rotation of FIELD_KEY: everything is re-encrypted, look-ups still work, an interrupted run can be continued."""

import hashlib
import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from pyrage.x25519 import Identity

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.services import key_rotation as key_rotation_services
from accountability.evidence.services.evidence import file_faults, paths_of
from evaluations.box_key.models import BoxKey
from evaluations.box_key.services.making import make_server_key
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.backups import services as backups
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption import key_rotation
from nanchuan_eval.encryption.fields import is_newest, keyed_hash
from nanchuan_eval.encryption.identities import age_identity
from nanchuan_eval.encryption.sealed_bytes import HEADER, decrypt_bytes, encrypt_bytes, is_under_newest_key
from nanchuan_eval.lists.models import ListUpload
from nanchuan_eval.second_factor.models import SecondFactor
from tests.accountability.factories import make_evidence, png
from tests.factories import NOON, make_round, make_user
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
PHONES = [f"1390000{n:04d}" for n in range(7)]
NEW = Fernet.generate_key().decode()
OLD_FORMAT = ROOT / "tests" / "nanchuan_eval" / "encryption" / "old_format"
OLD_KEY, OLD_FILE_KEY = "b2xkLWZvcm1hdC1rZXktb2xkLWZvcm1hdC1rZXktMDA=", "a2V5LW9mLW9uZS1maWxlLWtleS1vZi1vbmUtZmlsZTA="
FILM = b"film of an inspection"
IDENTITY = "AGE-SECRET-KEY-1LJ5FSR7NUX7P5QKTVFHW2V3C946ASHE5GU4LEW4NKRUTF8Z4G6TQARS3J0"


def make_people():
    round_ = make_round()
    for phone in PHONES:
        fields = {"kind": PoolKind.EVALUATORS, "stratum": "其他", "name": "甲"}
        PoolEntry.objects.create(round=round_, phone=phone, phone_hash=keyed_hash(phone), **fields)
    return round_


def rotate():
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def stored(table, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return [row[0] for row in cursor.fetchall()]


def test_everything_decrypts_with_the_new_key_alone_and_is_still_found(settings):
    round_, user = make_people(), make_user("clerk")
    ListUpload.objects.create(kind="roster", filename="x", content=encrypt_bytes(b"names"), by=user, at=NOON)
    SecondFactor.objects.create(user=user, secret="JBSWY3DPEHPK3PXP")
    box = make_server_key(round_, at=NOON)
    film = make_evidence()
    settings.FIELD_KEY = [NEW, *settings.FIELD_KEY]

    said = rotate()

    assert "名单库·手机号：7" in said
    assert all(is_newest(token) for token in stored("evaluations_poolentry", "phone"))
    assert PoolEntry.objects.get(phone_hash=keyed_hash(PHONES[3])).phone == PHONES[3]
    settings.FIELD_KEY = [NEW]
    rotate()
    assert sorted(entry.phone for entry in PoolEntry.objects.all()) == PHONES
    assert PoolEntry.objects.get(phone_hash=keyed_hash(PHONES[3])).phone == PHONES[3]
    assert decrypt_bytes(bytes(ListUpload.objects.get().content)) == b"names"
    assert SecondFactor.objects.get().secret == "JBSWY3DPEHPK3PXP"
    again = BoxKey.objects.get()
    assert (again.row_key, again.seed) == (box.row_key, box.seed)
    film.refresh_from_db()
    assert b"".join(storage.read(paths_of(film)[0], film.file_key)) == png()
    assert "共重新加密0项" in rotate()
    assert AuditEntry.objects.filter(action="keys.rotated").count() == 3


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_run_continues_where_it_stopped(settings, monkeypatch):
    make_people()
    settings.FIELD_KEY = [NEW, *settings.FIELD_KEY]
    monkeypatch.setattr(key_rotation, "BATCH", 2)

    def stop(label, done):
        if label.startswith("名单库·手机号") and done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_rotation.rotate(at=NOON, progress=stop)
    assert sum(map(is_newest, stored("evaluations_poolentry", "phone"))) == 4
    assert key_rotation.rotate(at=NOON, progress=lambda *_: None) == 3


def test_without_the_old_key_it_fails_and_changes_nothing(settings):
    make_people()
    before = stored("evaluations_poolentry", "phone")
    settings.FIELD_KEY = [NEW]
    with pytest.raises(CommandError, match="旧密钥"):
        rotate()
    assert stored("evaluations_poolentry", "phone") == before


def test_evidence_from_before_the_encryption_is_encrypted():
    row = make_evidence()
    path, copy = paths_of(row)
    path.write_bytes(png())
    copy.write_bytes(b"\xff\xd8\xff copy")
    Evidence.objects.filter(pk=row.pk).update(file_key="")

    rotate()

    row.refresh_from_db()
    assert b"PNG" not in path.read_bytes()
    assert storage.digest_of(path, row.file_key) == row.sha256
    assert b"".join(storage.read(copy, row.file_key)) == b"\xff\xd8\xff copy"


class TestTheOldFormat:
    """Files in the format before age (`old_format/`): still read, and converted by `rotate_keys`."""

    @pytest.fixture(autouse=True)
    def old_key(self, settings):
        settings.FIELD_KEY = [NEW, OLD_KEY]

    def old_evidence(self):
        row = make_evidence()
        path, copy = paths_of(row)
        path.write_bytes((OLD_FORMAT / "evidence.ncv1").read_bytes())
        copy.write_bytes((OLD_FORMAT / "evidence.ncv1").read_bytes())
        Evidence.objects.filter(pk=row.pk).update(file_key=OLD_FILE_KEY, sha256=hashlib.sha256(FILM).hexdigest())
        row.refresh_from_db()
        return row

    def test_evidence_is_read_and_converted(self):
        row = self.old_evidence()
        path, copy = paths_of(row)
        assert b"".join(storage.read(path, row.file_key)) == FILM

        assert "旧格式的佐证材料：1" in rotate()

        row.refresh_from_db()
        assert path.read_bytes().startswith(HEADER)
        assert storage.digest_of(path, row.file_key) == row.sha256
        assert b"".join(storage.read(copy, row.file_key)) == FILM
        assert sorted(path.parent.iterdir()) == sorted([path, copy])
        assert "旧格式" not in rotate()

    def test_a_conversion_stopped_before_the_files_were_replaced_is_finished(self, monkeypatch):
        row = self.old_evidence()
        path, _ = paths_of(row)
        with monkeypatch.context() as patch:
            patch.setattr(key_rotation_services, "_put_in_place", lambda row: None)
            rotate()
        assert not path.read_bytes().startswith(HEADER)

        rotate()

        row.refresh_from_db()
        assert storage.digest_of(path, row.file_key) == row.sha256

    @pytest.mark.parametrize(
        "harm", [lambda b: b[:-1], lambda b: b[:20] + b"x" + b[21:], lambda b: b + b"x", lambda b: b[:4]]
    )
    def test_a_damaged_file_is_refused_and_stays_as_it_is(self, harm):
        row = self.old_evidence()
        path, _ = paths_of(row)
        path.write_bytes(harm(path.read_bytes()))
        damaged = path.read_bytes()
        with pytest.raises(RuleViolation, match="调换"):
            storage.digest_of(path, row.file_key)

        rotate()

        assert path.read_bytes() == damaged
        assert "调换" in next(file_faults())

    def test_an_upload_is_read_and_converted(self):
        old = (OLD_FORMAT / "upload.fernet").read_bytes()
        fields = {"kind": "roster", "filename": "x", "by": make_user("clerk"), "at": NOON}
        ListUpload.objects.create(content=old, **fields)
        assert decrypt_bytes(old) == b"names"

        rotate()

        content = bytes(ListUpload.objects.get().content)
        assert is_under_newest_key(content)
        assert decrypt_bytes(content) == b"names"

    def test_a_backup_is_still_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(backups.database_dump, "counts_in", lambda source: {"day": 1})
        copy = tmp_path / "backup.ncb"
        copy.write_bytes((OLD_FORMAT / "backup.ncb").read_bytes())
        assert backups.verify_backup(copy) == (1, 1, "0.1.0")
        copy.write_bytes(copy.read_bytes()[:-5])
        with pytest.raises(RuleViolation, match="不完整"):
            backups.verify_backup(copy)


def test_the_identity_of_a_key_is_as_documented():
    """The derivation must never change, since backups are decrypted with it; the library checks the Bech32 checksum."""
    assert str(Identity.from_str(age_identity(OLD_KEY))) == age_identity(OLD_KEY) == IDENTITY
    assert age_identity(NEW) != IDENTITY
