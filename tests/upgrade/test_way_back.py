"""deploy/upgrade.py without a database: what the way back needs is there, or is asked for before the site stops."""

import importlib.util
import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from tests.paths import ROOT

specification = importlib.util.spec_from_file_location("upgrade", ROOT / "deploy" / "upgrade.py")
upgrade = importlib.util.module_from_spec(specification)
specification.loader.exec_module(upgrade)


class Server(upgrade.Machine):
    """A machine whose commands only write down that they were called."""

    def __init__(self, given, log):
        super().__init__(given, log)
        self.called = []

    def run(self, *command, **options):
        self.called.append(" ".join(map(str, command)))
        return "7\n" if upgrade.LAST_ENTRY in command else "the commit\n"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Make a server after an upgrade: the packages of both versions, the backup, and what was written down."""
    monkeypatch.setattr(upgrade.signal, "signal", lambda *_: None)
    for name in (".venv", ".venv.before"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "of").write_text("old" if name == ".venv.before" else "new")
    (tmp_path / "backup").write_text("rows")
    kept = {
        "stage": "serving", "version": "0.1.0", "from": "the commit", "branch": "main", "site": "localhost",
        "vendor": "sqlite", "database": str(tmp_path / "db"), "is_apart": False, "user": "", "round": "", "seq": 7,
        "backup": str(tmp_path / "backup"), "digest": sha256(b"rows").hexdigest(), "has_old_venv": True,
    }  # fmt: skip
    (tmp_path / "db").write_text("migrated")
    (tmp_path / "upgrade.json").write_text(json.dumps(kept))

    def made(**given):
        given = {"UPGRADE_PROJECT": str(tmp_path), "UPGRADE_USER": "", "UPGRADE_ALIVE": "", **given}
        machine = Server(given, upgrade.Log(tmp_path, "now"))
        return machine, upgrade.Upgrade(machine, tmp_path)

    return made


def stops(machine):
    return [command for command in machine.called if "systemctl stop" in command]


def test_it_goes_back_to_the_old_packages_and_the_upgraded_database_stays_aside(server, tmp_path):
    machine, work = server()

    assert work.go_back() == upgrade.WENT_BACK
    assert (tmp_path / ".venv" / "of").read_text() == "old"
    assert not (tmp_path / ".venv.after").exists()
    (aside,) = tmp_path.glob("db_aside_*")
    assert aside.read_text() == "migrated"
    assert f"restore {tmp_path / 'backup'}" in " ".join(machine.called)


@pytest.mark.parametrize("cut", range(5))
def test_a_cut_between_two_renamings_is_made_good_by_the_next_try(server, tmp_path, monkeypatch, cut):
    rename, renamed = Path.rename, []

    def rename_until_the_cut(path, target):
        if len(renamed) == cut:
            raise KeyboardInterrupt
        renamed.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_until_the_cut)
    (tmp_path / "db-wal").write_text("of the migrated one")
    with pytest.raises(KeyboardInterrupt):
        server()[1].go_back()
    monkeypatch.undo()

    assert server()[1].go_back() == upgrade.WENT_BACK
    assert (tmp_path / ".venv" / "of").read_text() == "old"
    (aside,) = tmp_path.glob("db_aside_*[0-9]")
    assert aside.read_text() == "migrated"
    assert aside.with_name(f"{aside.name}-wal").read_text() == "of the migrated one"
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize(
    ("lose", "told"),
    [
        (lambda folder: (folder / ".venv.before").rename(folder / "elsewhere"), "换不回原来的依赖包"),
        (lambda folder: (folder / "backup").unlink(), "升级前的备份"),
        (lambda folder: (folder / "backup").write_text("other rows"), "不是原来的文件"),
    ],
    ids=["no packages", "no backup", "another backup"],
)
def test_what_the_way_back_lacks_is_said_before_anything_is_stopped(server, tmp_path, capsys, lose, told):
    lose(tmp_path)
    machine, work = server()

    assert work.go_back() == upgrade.REFUSED
    assert told in capsys.readouterr().out
    assert not stops(machine)
    assert (tmp_path / "db").read_text() == "migrated"


def test_who_has_put_the_old_packages_in_place_by_hand_goes_back_with_them(server, tmp_path):
    (tmp_path / ".venv.before" / "of").unlink()
    (tmp_path / ".venv.before").rmdir()
    (tmp_path / ".venv" / "of").write_text("old, by hand")

    assert server(UPGRADE_PACKAGES="keep")[1].go_back() == upgrade.WENT_BACK
    assert (tmp_path / ".venv" / "of").read_text() == "old, by hand"


def test_a_lock_of_a_git_that_was_cut_short_is_in_nobodys_way(server, tmp_path, monkeypatch):
    lock = tmp_path / ".git" / "index.lock"
    lock.parent.mkdir()
    lock.touch()
    machine, work = server()
    monkeypatch.setattr(machine, "git", lambda *words: f".git/{words[-1]}" if "--git-path" in words else "the commit")

    assert work.go_back() == upgrade.WENT_BACK
    assert not lock.exists()


def test_everything_is_stopped_by_name(server):
    machine, work = server()
    work.go_back()

    (stop,) = stops(machine)
    assert "nanchuan.target" in stop
    assert "'nanchuan*.service'" in stop
    assert "'nanchuan*.timer'" in stop


def test_what_of_etc_is_of_another_version_is_told(server, monkeypatch, capsys):
    machine, work = server()
    run = machine.run

    def run_and_compare(*command, **options):
        return "deploy/install.sh --only units,start\n" if "--compare" in command else run(*command, **options)

    monkeypatch.setattr(machine, "run", run_and_compare)
    work.go_back()

    assert "deploy/install.sh --only units,start" in capsys.readouterr().out


def test_a_full_disk_makes_no_step_fail_for_the_sake_of_the_log(tmp_path, capsys):
    log = upgrade.Log(tmp_path, "now")
    log.file = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115
    log.say("升级完成")
    with suppress(OSError):  # what could not be written
        log.file.close()

    assert "升级完成" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "assignment"),
    [
        ('search_path="$user", public', "search_path = '$user', 'public'"),
        ('search_path=""', "search_path = ''"),
        ('search_path="it\'s ""odd"""', "search_path = 'it''s \"odd\"'"),
        ("DateStyle=ISO, DMY", "DateStyle = 'ISO, DMY'"),
        ("application_name=it's", "application_name = 'it''s'"),
    ],
)
def test_a_setting_of_the_database_is_quoted_as_it_was_meant(setting, assignment):
    assert upgrade.as_assignment(setting) == assignment
