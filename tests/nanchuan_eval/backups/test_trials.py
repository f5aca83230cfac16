"""Test restores: the newest backup is read back whole, rechecked and dropped, and the log says how it went."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from evaluations.ballots.models import Rating
from evaluations.rounds.models import Round
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.backups import database_dump, trials
from nanchuan_eval.backups import services as backups
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.permissions.policy import OPERATOR
from tests.factories import make_sealed_round, make_user
from tests.nanchuan_eval.backups.test_services import of_another_version

pytestmark = pytest.mark.django_db(transaction=True)


def make():
    return backups.make_backup(by=OPERATOR, at=timezone.now())


def run(*arguments):
    out = io.StringIO()
    call_command("test_restore", *map(str, arguments), stdout=out)
    return out.getvalue()


def scratch_left(settings):
    """Folders in the backups' folder, and databases, that a test restore has left."""
    folders = [path.name for path in Path(settings.BACKUP_ROOT).iterdir() if path.is_dir()]
    if connection.vendor == "sqlite":
        return folders
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{database_dump.SCRATCH}%"])
        return [*folders, *(name for (name,) in cursor.fetchall())]


def refused(*arguments):
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    return str(refusal.value)


def test_a_good_backup_is_restored_rechecked_and_dropped(settings):
    round_ = make_sealed_round()
    row, _ = make()
    users, name = Round.objects.count(), connections["default"].settings_dict["NAME"]

    told = run()

    assert f"“{row.name}”可以恢复" in told
    assert f"操作日志、“{round_.name}”" in told
    entry = AuditEntry.objects.get(action=trials.TESTED)
    assert (entry.result, entry.detail["file"], entry.object_id) == ("ok", row.name, str(row.pk))
    assert entry.detail["rows"] > users
    assert connections["default"].settings_dict["NAME"] == name
    assert scratch_left(settings) == []
    assert verify_chain() == []


def test_before_the_first_sealing_the_log_is_rechecked_alone():
    make_user("chief")
    make()

    assert "已核对：版本、操作日志。" in run()


@pytest.mark.parametrize("harm", [lambda b: b[:-5], lambda b: b[:500] + b"x" + b[501:], lambda b: b""])
def test_a_damaged_file_fails_and_the_log_says_so(settings, harm):
    make_user("chief")
    row, path = make()
    path.write_bytes(harm(path.read_bytes()))

    assert "与备份登记的校验值不符" in refused()

    entry = AuditEntry.objects.get(action=trials.TESTED)
    assert (entry.result, entry.object_id) == ("refused", str(row.pk))
    assert "校验值不符" in entry.reason
    assert scratch_left(settings) == []


def test_a_file_that_is_gone_fails():
    make_user("chief")
    _, path = make()
    path.unlink()

    told = refused()
    assert "没有进行" in told
    assert "能否恢复不知道" in told
    entry = AuditEntry.objects.get(action=trials.TESTED)
    assert (entry.result, entry.detail["missing"]) == ("refused", True)


def test_a_moved_file_is_named(tmp_path):
    make_user("chief")
    _, path = make()
    moved = path.rename(tmp_path / "elsewhere.tar.age")

    assert "可以恢复" in run(moved)


def test_a_file_of_another_system_is_not_tried(tmp_path):
    make_user("chief")
    make()
    (tmp_path / "other.tar.age").write_bytes(b"x")

    assert "备份登记中没有" in refused(tmp_path / "other.tar.age")
    assert not AuditEntry.objects.filter(action=trials.TESTED).exists()


def test_without_a_backup_there_is_nothing_to_try():
    assert "还没有备份" in refused()


def test_a_backup_under_another_key_fails(settings):
    make_user("chief")
    make()
    settings.FIELD_KEY = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA="]

    assert "FIELD_KEY" in refused()


def test_a_round_that_was_changed_before_the_backup_is_found(settings):
    make_sealed_round()
    Rating.objects.filter(pk=Rating.objects.first().pk).update(cold=3)
    Rating.objects.filter(pk=Rating.objects.last().pk).update(cold=0)
    make()

    assert "校验值不符" in refused()
    assert scratch_left(settings) == []


def test_a_backup_of_another_version_is_not_judged():
    make_user("chief")
    with of_another_version(is_newer=True):
        make()

    assert "请用当前版本重新备份" in refused()


def test_the_newest_backup_is_tried_and_the_database_stays_as_it_is():
    make_user("chief")
    make()
    make_user("clerk")
    row = Backup.objects.create(
        name="backup-later.tar.age", sha256="0" * 64, size=1, made_at=timezone.now(), seq=0, is_during_vote=False
    )
    before = AuditEntry.objects.count()

    assert f"试恢复“{row.name}”没有进行" in refused()
    assert AuditEntry.objects.count() == before + 1
