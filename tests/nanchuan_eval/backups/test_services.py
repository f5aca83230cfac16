"""Backup and restore: complete, encrypted, and over existing data only with an approval."""

import io
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.backups import services as backups
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "13912345678"


@pytest.fixture(autouse=True)
def roots(settings, tmp_path):
    settings.BACKUP_ROOT = tmp_path / "backups"
    settings.TWO_PERSON_RULE = True


def put_evidence(settings, content=b"film"):
    path = Path(settings.EVIDENCE_ROOT) / "ab" / "ab01.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def make(**fields):
    return backups.make_backup(by=OPERATOR, at=timezone.now(), **fields)


def run(*arguments):
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def allow(row):
    sysadmin = make_user("sysadmin")
    at = timezone.now()
    approval = approvals.propose("backup.restore", row, by=sysadmin, at=at, reason="误操作")
    approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=at)


def test_backup_roundtrip(settings):
    make_user("chief")
    Holiday.objects.create(day="2031-10-01", name="国庆")
    film = put_evidence(settings)
    row, path = make()
    allow(row)
    Holiday.objects.all().delete()
    film.write_bytes(b"other")
    before = AuditEntry.objects.count()

    assert "已恢复" in run("restore", path)

    assert Holiday.objects.get(day="2031-10-01").name == "国庆"
    assert film.read_bytes() == b"film"
    assert verify_chain() == []
    assert AuditEntry.objects.count() < before
    entry = AuditEntry.objects.get(action="backup.restore")
    assert "提请" in entry.detail["approval"]


def test_a_backup_is_unreadable_without_the_key(settings):
    make_user("chief", username="geheim")
    put_evidence(settings, SECRET.encode())
    _, path = make()
    content = path.read_bytes()
    assert b"geheim" not in content
    assert SECRET.encode() not in content
    settings.FIELD_KEY = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA="]
    with pytest.raises(CommandError, match="FIELD_KEY"):
        run("restore", path, "--verify")


def test_verify_reads_everything_back(settings):
    make_user("chief")
    put_evidence(settings)
    _, path = make()
    assert "证据文件1个" in run("restore", path, "--verify")


@pytest.mark.parametrize("harm", [lambda b: b[:-5], lambda b: b[:500] + b"x" + b[501:], lambda b: b""])
def test_a_damaged_backup_is_refused(harm, tmp_path):
    make_user("chief")
    _, path = make()
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(CommandError, match=r"不完整|不一致"):
        run("restore", path, "--verify")


def test_restoring_over_data_takes_an_approval_that_works_once():
    make_user("chief")
    row, path = make()
    with pytest.raises(CommandError, match="提请"):
        run("restore", path)
    allow(row)
    run("restore", path)
    Backup.objects.create(**{f: getattr(row, f) for f in ("name", "sha256", "size", "made_at", "seq", "head")})
    with pytest.raises(CommandError, match="提请"):
        run("restore", path)


def test_an_unknown_file_is_refused():
    make_user("chief")
    _, path = make()
    Backup.objects.all().delete()
    with pytest.raises(CommandError, match="备份登记"):
        run("restore", path)


def test_an_empty_machine_is_restored_without_approval():
    make_user("chief", username="old")
    _, path = make()
    Backup.objects.all().delete()
    User.objects.all().delete()
    assert "已恢复" in run("restore", path)
    assert User.objects.get(username="old")
    assert AuditEntry.objects.get(action="backup.restore").detail["approval"] == "空库恢复"


def test_the_authorization_expires(settings):
    make_user("chief")
    row, path = make()
    allow(row)
    with pytest.raises(RuleViolation, match="提请"):
        backups.restore_backup(path, at=timezone.now() + timedelta(hours=settings.AUTHORIZATION_HOURS))


def test_a_backup_names_the_version_that_wrote_it(settings):
    settings.VERSION = "7.8.9"
    _, path = make()
    assert "由7.8.9版写入" in run("restore", path, "--verify")


@pytest.mark.parametrize("is_newer", [True, False])
def test_a_backup_of_another_version_is_refused_and_its_approval_stays(is_newer):
    make_user("chief")
    with of_another_version(is_newer=is_newer) as migration:
        row, path = make()
    allow(row)
    before = AuditEntry.objects.count()

    with pytest.raises(CommandError, match=rf"结构与当前程序不同.*{migration}.*没有恢复"):
        run("restore", path)

    assert AuditEntry.objects.count() == before
    assert not Approval.objects.get(kind="backup.restore").spent_at


def test_a_load_that_fails_leaves_the_data_and_the_approval(monkeypatch):
    make_user("chief")
    row, path = make()
    allow(row)
    before = AuditEntry.objects.count()

    def full(name):
        raise RuleViolation("psql 没有完成：磁盘已满")

    with monkeypatch.context() as broken:
        broken.setattr(backups.database_dump, "put_in_place", full)
        with pytest.raises(CommandError, match="磁盘已满"):
            run("restore", path)

    assert AuditEntry.objects.count() == before
    assert "已恢复" in run("restore", path)


def test_on_postgresql_the_step_that_is_left_is_told_after_a_restore():
    make_user("chief")
    row, path = make()
    allow(row)

    told = run("restore", path)

    assert ("deploy/install.sh --only audit" in told) == (connection.vendor == "postgresql")


@contextmanager
def of_another_version(*, is_newer):
    """The database has a migration more or less than the program knows; yields its name."""
    recorder = MigrationRecorder(connection)
    begin, end = recorder.record_applied, recorder.record_unapplied
    name = ("evaluations", "9999_of_a_newer_version")
    if not is_newer:
        begin, end, name = end, begin, ("evaluations", "0001_initial")
    begin(*name)
    try:
        yield ".".join(name)
    finally:
        end(*name)


def test_a_backup_made_during_a_vote_is_marked():
    row, path = make(is_during_vote=True)
    assert (row.is_during_vote, "voting" in path.name) == (True, True)
