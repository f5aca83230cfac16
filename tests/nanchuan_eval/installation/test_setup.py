"""`manage.py setup`: checks first, then all accounts with their letters, or none."""

import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.installation import queries as readiness
from nanchuan_eval.installation.queries import database_line, setting_lines
from nanchuan_eval.installation.rules import Level
from nanchuan_eval.management.commands import setup
from nanchuan_eval.profile.models import ProfileVersion
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.users.models import User
from tests.nanchuan_eval.installation.test_rules import FIRST
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
SITE = "https://pingyi.example"


@pytest.fixture(autouse=True)
def production(settings, tmp_path):
    """Settings of a server that is ready."""
    settings.DEBUG, settings.REQUIRE_OTP, settings.TWO_PERSON_RULE = False, True, True
    settings.SECRET_KEY, settings.ALLOWED_HOSTS = "0123456789" * 5, ["pingyi.example"]
    settings.FIELD_KEY = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
    settings.EVIDENCE_ROOT, settings.BACKUP_ROOT = tmp_path / "evidence", tmp_path / "backups"
    settings.ARCHIVE_ROOT, settings.TRUSTED_PROXIES = tmp_path / "archive", ["127.0.0.1"]


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    lines = ["角色,姓名,人员编号", *(f"{one.role},{one.name},{one.person_code}" for one in FIRST)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def run(capsys, *arguments, site=SITE):
    call_command("setup", *(["--site", site] if site else []), *map(str, arguments))
    return capsys.readouterr().out


def faulty(site=SITE):
    return {line.setting for line in setting_lines(site) if line.level is Level.FAULT}


def test_the_settings_of_a_server_have_no_fault():
    assert faulty() == set()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DEBUG", True),
        ("REQUIRE_OTP", False),
        ("TWO_PERSON_RULE", False),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "only-for-development-" + "0" * 40),
        ("FIELD_KEY", ["x"]),
        ("FIELD_KEY", []),
        ("FIELD_KEY", ["b25seS1mb3ItZGV2ZWxvcG1lbnQtMDAwMDAwMDAwMDA="]),
        ("EVIDENCE_ROOT", "/proc/evidence"),
        ("BACKUP_ROOT", "/proc/backups"),
    ],
)
def test_a_setting_that_must_not_be_is_a_fault(settings, setting, value):
    setattr(settings, setting, value)

    assert setting in faulty()


@pytest.mark.parametrize("hosts", [[], ["*"]])
def test_the_host_is_named(settings, hosts):
    settings.ALLOWED_HOSTS = hosts

    assert "ALLOWED_HOSTS" in faulty()


@pytest.mark.parametrize("site", ["", "http://pingyi.example", "https://other.example"])
def test_links_lead_to_a_host_that_is_served(site):
    assert faulty(site) == {"--site"}


def test_uncollected_static_files_are_a_fault(monkeypatch):
    def missing(name):
        raise ValueError(name)

    monkeypatch.setattr(readiness.staticfiles_storage, "url", missing)

    assert faulty() == {"静态文件"}


def test_evidence_is_not_kept_where_the_web_server_serves(settings, tmp_path):
    settings.STATIC_ROOT, settings.EVIDENCE_ROOT = tmp_path, tmp_path / "evidence"

    assert faulty() == {"EVIDENCE_ROOT"}


def test_missing_mail_and_cache_are_warnings(settings):
    settings.WORKERS, settings.TRUSTED_PROXIES = 3, []
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    warned = {line.setting for line in setting_lines(SITE) if line.level is Level.WARNING}

    assert {"CACHE_URL", "EMAIL_URL", "TRUSTED_PROXIES"} <= warned


def test_a_database_that_does_not_answer_is_a_fault(monkeypatch):
    def unreachable():
        raise DatabaseError("connection refused\nmore")

    monkeypatch.setattr(readiness.upgrades, "applied_migrations", unreachable)

    line = database_line()
    assert (line.level, "connection refused）" in line.text) == (Level.FAULT, True)


def test_a_database_of_another_version_is_a_fault(monkeypatch):
    monkeypatch.setattr(readiness.upgrades, "applied_migrations", lambda: {"nanchuan_eval.0001_initial"})

    assert "upgrade" in database_line().text


def test_a_fault_stops_before_anything_is_made(settings, capsys, people):
    settings.TWO_PERSON_RULE = False

    with pytest.raises(CommandError, match="有1项须先改正"):
        run(capsys, "--accounts", people)

    assert not User.objects.exists()


def test_links_stand_on_the_terminal(capsys, people):
    out = run(capsys, "--accounts", people)

    assert out.count(f"{SITE}/account/set-password/") == len(FIRST)
    assert "建议再设一名" in out


def test_letters_are_written_for_their_owner_only(capsys, people, tmp_path):
    out = run(capsys, "--accounts", people, "--out", tmp_path / "letters")

    letters = sorted((tmp_path / "letters").iterdir())
    assert len(letters) == len(FIRST)
    assert {stat.S_IMODE(path.stat().st_mode) for path in letters} == {0o600}
    assert "set-password" not in out


def test_without_all_letters_no_account_is_made_and_the_run_can_be_repeated(capsys, people, tmp_path, monkeypatch):
    out, write = tmp_path / "letters", setup.write_secret
    written = []

    def fail_at_the_third(path: Path, content: bytes):
        if len(written) == 2:
            raise CommandError("disk full")
        written.append(path)
        write(path, content)

    monkeypatch.setattr(setup, "write_secret", fail_at_the_third)
    with pytest.raises(CommandError, match="disk full"):
        run(capsys, "--accounts", people, "--out", out)

    assert (User.objects.count(), AuditEntry.objects.count(), list(out.iterdir())) == (0, 0, [])
    monkeypatch.setattr(setup, "write_secret", write)
    run(capsys, "--accounts", people, "--out", out)
    assert User.objects.count() == len(FIRST)


def test_a_second_run_says_what_to_do(capsys, people):
    run(capsys, "--accounts", people)

    with pytest.raises(CommandError, match="setup --renew"):
        run(capsys, "--accounts", people)
    assert run(capsys, "--renew", "chief").count("/account/set-password/") == 1


EXAMPLE = ROOT / "deploy" / "example-district" / "profile.toml"


class TestOfAnotherDistrict:
    def test_the_profile_is_in_force_from_the_first_letter_on(self, capsys, people, tmp_path, monkeypatch):
        offices = []

        def noted(links, **arguments):
            offices.append(current_profile().office)
            return []

        monkeypatch.setattr(setup, "letter_files", noted)
        out = run(capsys, "--accounts", people, "--profile", EXAMPLE, "--out", tmp_path / "letters")

        version = ProfileVersion.objects.get()
        assert (version.content["district"], version.approved_by, version.reason) == ("云澜县", None, "安装时导入")
        assert offices == ["云澜县最难办事科室群众评办公室"]
        assert "机构信息：云澜县最难办事科室群众评。" in out
        assert "南川" not in out
        assert AuditEntry.objects.filter(action="profile.edit").count() == 1

    def test_without_one_it_is_said_whose_the_default_is(self, capsys, people):
        assert "机构信息为默认的（南川区），其他区县请在“系统 → 机构信息”提请修改" in run(capsys, "--accounts", people)
        assert not ProfileVersion.objects.exists()

    def test_a_faulty_file_stops_before_anything_is_made(self, capsys, people, tmp_path):
        path = tmp_path / "profile.toml"
        path.write_text(EXAMPLE.read_text("utf-8").replace('phone = "0000-00000000"', 'phone = ""'), "utf-8")

        with pytest.raises(CommandError, match="评议办联系电话还没有填写"):
            run(capsys, "--accounts", people, "--profile", path)
        with pytest.raises(CommandError, match="评议办联系电话还没有填写"):
            run(capsys, "--check", "--profile", path)
        assert (User.objects.count(), ProfileVersion.objects.count()) == (0, 0)

    def test_accounts_and_profile_are_made_together_or_not_at_all(self, capsys, people, monkeypatch, tmp_path):
        def failing(*_, **__):
            raise CommandError("disk full")

        monkeypatch.setattr(setup, "letter_files", failing)
        with pytest.raises(CommandError, match="disk full"):
            run(capsys, "--accounts", people, "--profile", EXAMPLE, "--out", tmp_path / "letters")

        assert (User.objects.count(), ProfileVersion.objects.count()) == (0, 0)
        assert current_profile().district == "南川区"

    def test_links_are_renewed_without_one(self, capsys, people):
        run(capsys, "--accounts", people)

        with pytest.raises(CommandError, match="只在新装时使用"):
            run(capsys, "--renew", "--profile", EXAMPLE)


def test_without_a_terminal_a_list_is_asked_for(capsys):
    with pytest.raises(CommandError, match="--template FILE"):
        run(capsys)


def test_the_questions_make_the_same_accounts(capsys, monkeypatch):
    answers = iter([text for one in FIRST for text in (one.name, one.person_code, "")] + ["y"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))

    run(capsys)

    assert User.objects.get(username="clerk2").person_code == "N5"


@pytest.mark.parametrize("answer", ["n", ""])
def test_nothing_is_made_without_a_yes(capsys, monkeypatch, answer):
    answers = iter([text for one in FIRST for text in (one.name, one.person_code, "")] + [answer])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))

    with pytest.raises(CommandError, match="没有建立账号"):
        run(capsys)
    assert not User.objects.exists()


def test_the_template_can_be_filled_in_and_read(capsys, tmp_path):
    path = tmp_path / "template.xlsx"

    assert "模板已写入" in run(capsys, "--template", path, site="")
    assert path.stat().st_size > 0


def test_a_template_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(CommandError, match="无法写入"):
        call_command("setup", "--template", str(tmp_path / "none" / "template.xlsx"))


def test_only_the_settings_are_checked(capsys):
    assert "--site" not in run(capsys, "--check", site="")
    assert not User.objects.exists()
