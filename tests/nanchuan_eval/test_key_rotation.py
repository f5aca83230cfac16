"""A new FIELD_KEY: everything is written anew, look-ups go on, a stopped run goes on, evidence opens."""

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from accountability.evidence import storage as evidence_storage
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import paths_of
from evaluations.pools.models import PoolEntry, PoolUpload
from evaluations.pools.rules import PoolKind
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.encryption import key_rotation, sealed_bytes
from nanchuan_eval.encryption.fields import is_newest, keyed_hash
from nanchuan_eval.second_factor.models import SecondFactor
from tests.accountability.factories import make_file, png
from tests.accountability.services.test_evidence import take
from tests.factories import NOON, make_round, make_user

pytestmark = pytest.mark.django_db
PHONES = [f"1390000{n:04d}" for n in range(7)]
NEW = Fernet.generate_key().decode()


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


def test_everything_opens_under_the_new_key_alone_and_is_still_found(settings):
    round_, user = make_people(), make_user("clerk")
    PoolUpload.objects.create(
        round=round_, kind="evaluators", filename="x", content=sealed_bytes.seal(b"names"), by=user, at=NOON
    )
    SecondFactor.objects.create(user=user, secret="JBSWY3DPEHPK3PXP")
    film = take(make_file())
    settings.FIELD_KEY = [NEW, *settings.FIELD_KEY]

    said = rotate()

    assert "名单库·手机号：7" in said
    assert all(is_newest(token) for token in stored("evaluations_poolentry", "phone"))
    assert PoolEntry.objects.get(phone_hash=keyed_hash(PHONES[3])).phone == PHONES[3]
    settings.FIELD_KEY = [NEW]
    rotate()
    assert sorted(entry.phone for entry in PoolEntry.objects.all()) == PHONES
    assert PoolEntry.objects.get(phone_hash=keyed_hash(PHONES[3])).phone == PHONES[3]
    assert sealed_bytes.unseal(bytes(PoolUpload.objects.get().content)) == b"names"
    assert SecondFactor.objects.get().secret == "JBSWY3DPEHPK3PXP"
    film.refresh_from_db()
    assert b"".join(evidence_storage.read(paths_of(film)[0], film.file_key)) == png()
    assert "共重新加密0项" in rotate()
    assert AuditEntry.objects.filter(action="keys.rotated").count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_stopped_run_goes_on_where_it_ended(settings, monkeypatch):
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


def test_without_the_old_key_it_says_so_and_changes_nothing(settings):
    make_people()
    before = stored("evaluations_poolentry", "phone")
    settings.FIELD_KEY = [NEW]
    with pytest.raises(CommandError, match="旧密钥"):
        rotate()
    assert stored("evaluations_poolentry", "phone") == before


def test_evidence_from_before_the_sealing_is_sealed():
    row = take(make_file())
    path, copy = paths_of(row)
    path.write_bytes(png())
    copy.write_bytes(b"\xff\xd8\xff copy")
    Evidence.objects.filter(pk=row.pk).update(file_key="")

    rotate()

    row.refresh_from_db()
    assert b"PNG" not in path.read_bytes()
    assert evidence_storage.digest_of(path, row.file_key) == row.sha256
    assert b"".join(evidence_storage.read(copy, row.file_key)) == b"\xff\xd8\xff copy"
