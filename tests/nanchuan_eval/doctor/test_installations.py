"""Doctor on a healthy installation, and on broken ones: each breaks one thing, which is named with what to do."""

import json
import os
import re
import shutil
import socket
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import MessageKind, Way
from nanchuan_eval.audit import services as audit
from nanchuan_eval.backups import services as backups
from nanchuan_eval.backups import trials
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.doctor.queries import examination, machine, server
from nanchuan_eval.doctor.queries.examination import examine
from nanchuan_eval.installation import queries as installation
from nanchuan_eval.installation.rules import Level
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.workdays.models import CompleteYear
from tests.factories import make_round
from tests.nanchuan_eval.backups.test_services import of_another_version

pytestmark = pytest.mark.django_db
HOST = "pingyi.example"
# What every installation of these tests has apart from the one that is judged: they run on SQLite and in one process.
EXPECTED = {"DATABASE_URL", "操作日志的保护", "数据库设置", "系统检查"}


def certificate(path, *, days, names=(HOST,), starts=-10, issuer="CA"):
    """Write a certificate that ends in so many days, and return its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=starts))
        .not_valid_after(now + timedelta(days=days, minutes=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return key


@pytest.fixture(autouse=True)
def healthy(settings, tmp_path, monkeypatch):
    """An installation of which nothing is to be said."""
    settings.DEBUG, settings.REQUIRE_OTP, settings.TWO_PERSON_RULE = False, True, True
    settings.SECRET_KEY, settings.ALLOWED_HOSTS, settings.TRUSTED_PROXIES = "0123456789" * 5, [HOST], ["127.0.0.1"]
    settings.FIELD_KEY = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
    settings.KEY_COPY_CHECKED = (timezone.localdate() - timedelta(days=10)).isoformat()
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.CERTIFICATE = str(tmp_path / "site.crt")
    settings.BASE_DIR, settings.MESSAGE_GATEWAY = tmp_path, ""
    for name in ("EVIDENCE_ROOT", "BACKUP_ROOT", "ARCHIVE_ROOT"):
        setattr(settings, name, str(tmp_path / name))
    certificate(tmp_path / "site.crt", days=200)
    (tmp_path / ".env").write_text("DEBUG=false")
    (tmp_path / ".env").chmod(0o640)
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Shanghai")
    monkeypatch.setattr(machine, "LOCALTIME", tmp_path / "localtime")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 0, 5 * 10**11))
    monkeypatch.setattr(installation.checks, "run_checks", lambda **_: [])
    monkeypatch.setattr(server, "SWAPS", tmp_path / "swaps")
    monkeypatch.setattr(server, "is_synchronised", lambda: True)
    at = timezone.now()
    year = timezone.localdate(at).year
    for number in (year, year + 1):
        CompleteYear.objects.update_or_create(year=number, defaults={"declared_at": at})
    for name in ("advance_rounds", "daily"):
        ClockRun.objects.create(name=name, at=at - timedelta(minutes=3))
    row = Backup.objects.create(
        name="backup-x.tar.age", sha256="0" * 64, size=10**6, made_at=at - timedelta(hours=4), seq=0
    )
    trials._record(trials.Trial(row, None, ("版本",), ()), OPERATOR, at - timedelta(days=2))
    audit.anchor(at=at - timedelta(hours=5), occasion="每日锚点")
    Path(settings.BACKUP_ROOT).mkdir(mode=0o700)
    stored(settings, 10**6)


def stored(settings, size):
    """The newest backup's file has so many bytes, none of which are written."""
    path = Path(settings.BACKUP_ROOT) / "backup-x.tar.age"
    path.touch()
    os.truncate(path, size)


def found(*, asks_others=True):
    """Return the lines that are not good, those apart that every installation of tests has."""
    lines = examine(timezone.now(), asks_others=asks_others)
    return [line for line in lines if line.level is not Level.GOOD and line.setting not in EXPECTED]


def told():
    lines = found()
    assert len(lines) == 1, lines
    return lines[0].level, lines[0].setting, lines[0].text


def refused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_of_a_healthy_installation_nothing_is_said():
    assert found() == []


def test_a_database_that_a_restore_left_behind_is_named(scratch):
    scratch.append("verify_0123")

    level, setting, text = told()
    assert (level, setting) == (Level.WARNING, "残留的数据库")
    assert "verify_0123" in text and "dropdb" in text


def test_a_server_in_another_zone_is_told_and_no_fault(tmp_path):
    (tmp_path / "localtime").unlink()
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")

    (line,) = (each for each in examine(timezone.now(), asks_others=True) if each.setting == "时区")
    assert line.level is Level.GOOD
    assert re.search("晚8小时.*不受影响.*timedatectl", line.text)
    assert found() == []


def silent_clock(settings, monkeypatch, tmp_path):
    ClockRun.objects.filter(name="advance_rounds").update(at=timezone.now() - timedelta(hours=3))


def failed_step(settings, monkeypatch, tmp_path):
    ClockRun.objects.filter(name="daily").update(failed="待办提醒")


def old_backup(settings, monkeypatch, tmp_path):
    Backup.objects.update(made_at=timezone.now() - timedelta(days=9))


def useless_backup(settings, monkeypatch, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "_tried", lambda *_: (_ for _ in ()).throw(PermissionError()))
        trials.try_restore(backup=Backup.objects.get(), by=OPERATOR, at=timezone.now())


def absent_backup(settings, monkeypatch, tmp_path):
    Path(settings.BACKUP_ROOT, "backup-x.tar.age").unlink()


def absent_trial(settings, monkeypatch, tmp_path):
    absent_backup(settings, monkeypatch, tmp_path)
    trials.try_restore(backup=Backup.objects.get(), by=OPERATOR, at=timezone.now())
    stored(settings, 10**6)


def cut_backup(settings, monkeypatch, tmp_path):
    stored(settings, 10**5)


def untested_backup(settings, monkeypatch, tmp_path):
    settings.RESTORE_TEST_DAYS = 1


def open_settings(settings, monkeypatch, tmp_path):
    (tmp_path / ".env").chmod(0o644)


def ending_certificate(settings, monkeypatch, tmp_path):
    certificate(tmp_path / "site.crt", days=20)


def ended_certificate(settings, monkeypatch, tmp_path):
    certificate(tmp_path / "site.crt", days=-1)


def foreign_certificate(settings, monkeypatch, tmp_path):
    certificate(tmp_path / "site.crt", days=200, names=("other.example",))


def self_signed_certificate(settings, monkeypatch, tmp_path):
    certificate(tmp_path / "site.crt", days=200, issuer=HOST)


def full_disk(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 0, 2 * 10**10))


def no_room_for_backups(settings, monkeypatch, tmp_path):
    Backup.objects.update(size=3 * 10**11)
    stored(settings, 3 * 10**11)


def silent_mail(settings, monkeypatch, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", refused_port()


def silent_gateway(settings, monkeypatch, tmp_path):
    settings.MESSAGE_GATEWAY, settings.MESSAGE_URL = "http", f"http://127.0.0.1:{refused_port()}/send"


def weak_secret(settings, monkeypatch, tmp_path):
    settings.SECRET_KEY = "short"


def simple_secret(settings, monkeypatch, tmp_path):
    settings.SECRET_KEY = "s" * 60


def foreign_evidence(settings, monkeypatch, tmp_path):
    film = Path(settings.EVIDENCE_ROOT) / "ab" / "film.mp4"
    film.parent.mkdir(parents=True, mode=0o700)
    Path(settings.EVIDENCE_ROOT).chmod(0o700)
    film.touch()
    os.chown(film, 65534, 65534)


def nested_folders(settings, monkeypatch, tmp_path):
    settings.ARCHIVE_ROOT = str(Path(settings.BACKUP_ROOT) / "archive")


def swapping(settings, monkeypatch, tmp_path):
    (tmp_path / "swaps").write_text("Filename Type Size\n/dev/zram0 partition 9\n/dev/vdb partition 9\n")


def unsynchronised(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "is_synchronised", lambda: False)


def other_packages(settings, monkeypatch, tmp_path):
    lines = ["django==1.0", "asgiref==3.0 ; python_version < '3'", "absent==1 ; sys_platform == 'win32'", "missing==2"]
    (tmp_path / "requirements.txt").write_text("\n".join(f"{line} \\\n    --hash=sha256:00" for line in lines))


def open_key(settings, monkeypatch, tmp_path):
    (tmp_path / "site.key").touch(mode=0o600)
    (tmp_path / "site.key").chmod(0o644)


def no_inodes(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "files_left", lambda _: 1)


def ended_chain(settings, monkeypatch, tmp_path):
    certificate(tmp_path / "issuer.crt", days=-3)
    with (tmp_path / "site.crt").open("ab") as chain:
        chain.write((tmp_path / "issuer.crt").read_bytes())


def ending_chain(settings, monkeypatch, tmp_path):
    certificate(tmp_path / "issuer.crt", days=12)
    with (tmp_path / "site.crt").open("ab") as chain:
        chain.write((tmp_path / "issuer.crt").read_bytes())


def unfinished_backup(settings, monkeypatch, tmp_path):
    path = Path(settings.BACKUP_ROOT) / "backup-20200601-021000.tar.age.part"
    path.touch()
    os.utime(path, (0, 0))


def no_holidays(settings, monkeypatch, tmp_path):
    CompleteYear.objects.filter(year=timezone.localdate().year).delete()


def no_key_copy(settings, monkeypatch, tmp_path):
    settings.KEY_COPY_CHECKED = ""


def interrupted_backup(settings, monkeypatch, tmp_path):
    folder = Path(settings.BACKUP_ROOT) / "tmpabc"
    folder.mkdir()
    os.utime(folder, (0, 0))


def kept_voting_backup(settings, monkeypatch, tmp_path):
    (Path(settings.BACKUP_ROOT) / "backup-20200601-021000-voting.tar.age").touch()


def open_evidence(settings, monkeypatch, tmp_path):
    Path(settings.EVIDENCE_ROOT).mkdir()
    Path(settings.EVIDENCE_ROOT).chmod(0o755)


def stuck_messages(settings, monkeypatch, tmp_path):
    Message.objects.create(
        key="k1",
        round=make_round(),
        kind=MessageKind.REMINDER,
        way=Way.SMS,
        next_at=timezone.now() - timedelta(hours=2),
    )


def uncollected_files(settings, monkeypatch, tmp_path):
    def missing(name):
        raise ValueError(name)

    monkeypatch.setattr(installation.staticfiles_storage, "url", missing)


@pytest.mark.parametrize(
    ("break_it", "level", "subject", "what_to_do"),
    [
        (silent_clock, Level.FAULT, "定时任务 advance_rounds", "已3小时没有运行.*检查定时任务"),
        (failed_step, Level.FAULT, "定时任务 daily", "步骤未办成：待办提醒.*服务器日志"),
        (old_backup, Level.FAULT, "备份", "在9天前.*manage.py backup"),
        (useless_backup, Level.FAULT, "试恢复", "没有成功：读不到.*manage.py test_restore"),
        (absent_backup, Level.WARNING, "备份", "“backup-x.tar.age”不在备份目录中.*用复制，不要移走"),
        (cut_backup, Level.FAULT, "备份", "大小与登记的不符.*manage.py backup"),
        (absent_trial, Level.WARNING, "试恢复", "没有试恢复，能否恢复不知道.*放回备份目录"),
        (untested_backup, Level.WARNING, "试恢复", "manage.py test_restore"),
        (open_settings, Level.FAULT, ".env", "权限是644.*chmod 640"),
        (ending_certificate, Level.WARNING, "证书", "还有20天.*请更换证书"),
        (ended_certificate, Level.FAULT, "证书", "到期，浏览器拒绝.*请更换证书"),
        (foreign_certificate, Level.FAULT, "证书", "不含主机名pingyi.example"),
        (self_signed_certificate, Level.WARNING, "证书", "自签证书.*请换上正式证书"),
        (full_disk, Level.FAULT, "磁盘空间", "（2%）.*请清理"),
        (no_room_for_backups, Level.FAULT, "磁盘空间", "下一次备份和试恢复约需"),
        (silent_mail, Level.FAULT, "EMAIL_URL", "邮件服务器连不上（对方拒绝连接）.*EMAIL_URL"),
        (silent_gateway, Level.FAULT, "MESSAGE_URL", "短信网关连不上（对方拒绝连接）"),
        (weak_secret, Level.FAULT, "SECRET_KEY", "太短.*secrets.token_urlsafe"),
        (simple_secret, Level.FAULT, "SECRET_KEY", "过于简单.*secrets.token_urlsafe"),
        (foreign_evidence, Level.FAULT, "EVIDENCE_ROOT", "1项不属于.*film.mp4.*chown -R"),
        (nested_folders, Level.FAULT, "ARCHIVE_ROOT", "在 BACKUP_ROOT 的文件夹之内"),
        (swapping, Level.WARNING, "交换区", "（/dev/vdb）.*swapoff -a"),
        (unsynchronised, Level.WARNING, "对时", "没有与 NTP 同步.*set-ntp true"),
        (other_packages, Level.FAULT, "软件包", "django .*应为1.0.*asgiref.*missing 没有安装.*--only python,start"),
        (open_key, Level.FAULT, "证书", "site.key”的权限是644.*更换证书"),
        (no_inodes, Level.FAULT, "磁盘文件数", "只剩1%.*df -i"),
        (ended_chain, Level.FAULT, "证书", "中间证书已于.*到期"),
        (ending_chain, Level.WARNING, "证书", "中间证书.*还有12天"),
        (unfinished_backup, Level.WARNING, "没有写完的备份", "不能恢复.*每日任务"),
        (no_holidays, Level.WARNING, "节假日", "尚未确认录全.*节假日与调休"),
        (no_key_copy, Level.WARNING, "密钥副本", "另存一份.*KEY_COPY_CHECKED"),
        (interrupted_backup, Level.FAULT, "残留的文件夹", "“tmpabc”.*没有加密.*请删除"),
        (kept_voting_backup, Level.WARNING, "投票期间的备份", "应当销毁"),
        (open_evidence, Level.FAULT, "EVIDENCE_ROOT", "权限是755.*chmod 700"),
        (stuck_messages, Level.FAULT, "短信", "有1条短信.*advance_rounds"),
        (uncollected_files, Level.FAULT, "静态文件", "collectstatic"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_one_thing_that_is_broken_is_named_with_what_to_do(  # noqa: PLR0917  a table
    settings, monkeypatch, tmp_path, break_it, level, subject, what_to_do
):
    break_it(settings, monkeypatch, tmp_path)

    found_level, found_subject, text = told()

    assert (found_level, found_subject) == (level, subject)
    assert re.search(what_to_do, text)


def test_a_database_of_another_version_ends_the_examination():
    with of_another_version(is_newer=True):
        lines = examine(timezone.now(), asks_others=False)

    (line,) = [line for line in lines if line.level is Level.FAULT]
    assert line.setting == "DATABASE_URL"
    assert "与程序版本不符" in line.text


def test_the_services_of_others_are_left_alone_when_asked_to(settings, monkeypatch, tmp_path):
    silent_mail(settings, monkeypatch, tmp_path)

    assert found(asks_others=False) == []


@pytest.mark.parametrize("key", ["KEY_COPY_CHECKED"])
def test_a_date_that_is_none_is_asked_for(settings, key):
    setattr(settings, key, "昨天")

    assert told()[1] == "密钥副本"


@pytest.mark.parametrize(("hour", "level"), [(15, Level.GOOD), (16, Level.WARNING)])
def test_the_copys_year_is_over_at_midnight_here_not_in_greenwich(settings, hour, level):
    settings.KEY_COPY_CHECKED = "2025-11-29"

    lines = machine.machine_lines(datetime(2026, 11, 30, hour, 30, tzinfo=UTC))

    assert [line.level for line in lines if line.setting == "密钥副本"] == [level]


def test_a_part_that_cannot_be_read_is_named_in_chinese_and_hides_no_other(monkeypatch):
    def broken(at):
        raise OSError("disk")

    monkeypatch.setattr(examination, "machine_lines", broken)
    monkeypatch.setitem(examination.examinations, "短信", broken)
    told_lines = found()

    assert [line.text.partition("没有查成")[0] for line in told_lines] == [
        "“磁盘、权限、密钥和证书”",
        "“短信”",
    ]
    assert "OSError" in told_lines[0].text
    assert not any("lambda" in line.text for line in told_lines)


def test_what_is_left_out_is_said(capsys, settings, monkeypatch, tmp_path):
    silent_mail(settings, monkeypatch, tmp_path)

    assert "没有查的（--offline）：邮件服务器（EMAIL_URL）。" in run(capsys, "--offline")[1]
    assert json.loads(run(capsys, "--offline", "--json")[1])["left_out"] == ["邮件服务器（EMAIL_URL）"]
    assert "没有查的" not in run(capsys)[1]


def run(capsys, *arguments):
    code = 0
    try:
        call_command("doctor", *arguments)
    except SystemExit as ended:
        code = ended.code
    return code, capsys.readouterr().out


def test_the_exit_code_is_that_of_the_worst_line(capsys, settings):
    expected = 1 if connection.vendor == "sqlite" else run(capsys)[0]
    assert run(capsys)[0] == expected
    settings.SECRET_KEY = "short"
    assert run(capsys)[0] == 2


def test_json_holds_every_line_and_the_code(capsys, settings):
    settings.SECRET_KEY = "short"
    code, out = run(capsys, "--json", "--offline")

    answer = json.loads(out)
    assert answer["code"] == code == 2
    assert answer["left_out"] == []
    assert {"level", "subject", "text"} == set(answer["lines"][0])
    assert {"good", "fault"} <= {line["level"] for line in answer["lines"]}


def test_only_what_is_wrong_is_told_unless_all_is_asked_for(capsys):
    assert "✓" not in run(capsys)[1]
    assert "✓ 备份：" in run(capsys, "--all")[1]


def test_modes_are_read_from_the_files(settings, tmp_path):
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o640
    assert date.fromisoformat(settings.KEY_COPY_CHECKED) == machine.copy_checked()
    assert backups.box_note() == ""
