"""After the purge: neither the database's files nor a dump of it hold what had to be forgotten (security.md G15)."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from evaluations.ballots.models import Comment
from evaluations.personal_data.models import DataRequest, Wish
from evaluations.personal_data.services import requests
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.backups import database_dump
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.retention import services as retention
from tests.factories import NOON, make_round, make_user

pytestmark = pytest.mark.django_db(transaction=True)
PHONE, NEW, OPINION = "13912345678", "13787654321", "柜台后面的人姓赵，说了三遍不理"
LATER = NOON + timedelta(days=400)


def whole_database(tmp_path):
    """Every byte of the database: SQLite's own files, or a real pg_dump in plain text, rows in the clear."""
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        files = [path, path.with_name(f"{path.name}-wal")]
        return b"".join(file.read_bytes() for file in files if file.exists())
    target = tmp_path / "dump.sql"
    database_dump.run("pg_dump", "--format=plain", f"--file={target}")
    return target.read_bytes()


def tokens_of():
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, contact, phone_hash, contact_hash FROM evaluations_poolentry")
        pools = [value for row in cursor.fetchall() for value in row]
        cursor.execute("SELECT phone, phone_hash FROM evaluations_datarequest")
        asked = [value for row in cursor.fetchall() for value in row]
    return {value for value in pools + asked if value}


def test_nothing_is_left_after_the_purge(tmp_path, settings):
    if connection.vendor == "postgresql" and not shutil.which("pg_dump"):
        pytest.skip("needs pg_dump (a PostgreSQL client package)")
    settings.TWO_PERSON_RULE = True
    round_ = make_round(state=RoundState.PUBLISHED)
    RoundStep.objects.create(round=round_, state=RoundState.PUBLISHED, at=NOON)
    entry = PoolEntry.objects.create(
        round=round_,
        kind=PoolKind.EVALUATORS,
        stratum="其他",
        name="甲",
        phone=PHONE,
        phone_hash=keyed_hash(PHONE),
        contact=NEW,
        contact_hash=keyed_hash(NEW),
    )
    Comment.objects.create(round=round_, text=OPINION)
    row = requests.submit_request(wish=Wish.CORRECT, phone=PHONE, text="换号", at=NOON)
    DataRequest.objects.filter(pk=row.pk).update(state="done", answer="已办", answered_at=NOON)
    changes = requests.packed({"phone": "13611112222"})
    approval = approvals.propose(
        requests.CORRECT, entry, by=make_user("clerk"), at=NOON, changes=changes, reason="换号"
    )
    approvals.send_back(approval_id=approval.pk, note="重填", by=make_user("chief"), at=NOON)
    secrets = {*tokens_of(), changes["phone"], keyed_hash(PHONE), keyed_hash(NEW), OPINION}
    before = whole_database(tmp_path)
    assert [secret for secret in secrets if secret.encode() not in before] == []
    assert [phone for phone in (PHONE, NEW, "13611112222") if phone.encode() in before] == []

    retention.purge(by=OPERATOR, at=LATER)

    after = whole_database(tmp_path)
    left = [secret for secret in {*secrets, PHONE, NEW} if secret.encode() in after]
    assert left == []
    assert Approval.objects.get().arguments == {}
