"""What backups and restores that were cut off leave behind is removed once it is surely ours and no longer in use."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.backups import database_dump
from nanchuan_eval.backups import services as backups
from nanchuan_eval.backups.leftovers import remove_leftovers
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.permissions.policy import OPERATOR

LATER = timedelta(hours=13)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.BACKUP_ROOT, settings.EVIDENCE_ROOT = str(tmp_path / "backups"), str(tmp_path / "evidence")
    Path(settings.BACKUP_ROOT).mkdir()
    return Path(settings.BACKUP_ROOT)


def unpacked(folder, name, *, holds=("database",), hours=0):
    """A folder as a backup has it while it is made, written so many hours ago."""
    (folder / name).mkdir()
    for each in holds:
        (folder / name / each).write_bytes(b"rows in clear")
    for path in (*(folder / name).iterdir(), folder / name):
        then = timezone.now().timestamp() - hours * 3600
        os.utime(path, (then, then))


@pytest.mark.django_db
def test_folders_and_unfinished_files_are_removed_after_half_a_day_and_nothing_else_is(folder):
    unpacked(folder, "tmpold", hours=13)
    unpacked(folder, "tmprunning", hours=11)
    unpacked(folder, "tmpforeign", holds=("database", "notes.txt"), hours=99)
    unpacked(folder, "archive", hours=99)
    for name in ("backup-20200601-021000.tar.age", "backup-20200602-021000.tar.age.part"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))

    told = remove_leftovers(at=timezone.now())

    assert told == "清除中断的备份、恢复留下的2项。"
    left = {path.name for path in folder.iterdir()}
    assert left == {"tmprunning", "tmpforeign", "archive", "backup-20200601-021000.tar.age"}
    entry = AuditEntry.objects.get(action="backup.make")
    assert entry.detail["names"] == ["backup-20200602-021000.tar.age.part", "tmpold"]
    remove_leftovers(at=timezone.now())
    assert AuditEntry.objects.filter(action="backup.make").count() == 1


@pytest.mark.django_db
def test_a_backup_has_its_name_only_once_it_is_whole(folder, monkeypatch):
    seen = []
    write = backups._write

    def watched(target, *rest):
        seen.append(target.name)
        write(target, *rest)

    monkeypatch.setattr(backups, "_write", watched)
    monkeypatch.setattr(database_dump, "dump", lambda path: path.write_bytes(b"rows") and {})

    row, path = backups.make_backup(by=OPERATOR, at=timezone.now())

    assert seen == [f"{row.name}.part"]
    assert [each.name for each in folder.iterdir()] == [path.name]
    assert Backup.objects.get().size == path.stat().st_size


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no databases beside its own")
def test_a_scratch_database_is_dropped_on_the_day_after_it_was_first_seen_idle():
    at, names = timezone.now(), [f"verify_{uuid4().hex}", f"verify_{uuid4().hex[:8]}"]
    for name in names:
        database_dump.run("createdb", "--template=template0", name)
    try:
        assert "0项" in remove_leftovers(at=at)
        assert "0项" in remove_leftovers(at=at + timedelta(minutes=1))
        with database_dump.connected_to(names[0]), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert "1项" in remove_leftovers(at=at + timedelta(days=1))
        listed = database_dump.run(*database_dump.PSQL, "-c", "SELECT datname FROM pg_database").split()
        assert (names[0] in listed, names[1] in listed) == (False, True)
    finally:
        for name in names:
            database_dump.run("dropdb", "--if-exists", name)


@pytest.mark.django_db(transaction=True)
def test_a_restore_that_is_cut_off_after_the_exchange_is_in_the_log(folder, monkeypatch):
    _, path = backups.make_backup(by=OPERATOR, at=timezone.now())
    put_in_place = database_dump.put_in_place

    def cut(name):
        put_in_place(name)
        raise KeyboardInterrupt

    monkeypatch.setattr(database_dump, "put_in_place", cut)

    with pytest.raises(KeyboardInterrupt):
        call_command("restore", path)

    assert AuditEntry.objects.latest("seq").action == "backup.restore"
