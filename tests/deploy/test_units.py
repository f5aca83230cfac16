"""The systemd units: systemd reads them, they name commands that exist, and without systemd they run the same."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep

import pytest
from django.core.management import get_commands, load_command_class

from tests.paths import ROOT

UNITS = ROOT / "deploy" / "systemd"
NAMES = sorted(path.name for path in UNITS.iterdir() if path.suffix in {".service", ".timer", ".target"})
SERVICES = [name for name in NAMES if name.endswith(".service")]
TIMERS = [name for name in NAMES if name.endswith(".timer")]
DROP_INS = ("nanchuan.service.d", "nanchuan-.service.d")
# systemd's own figure, from 0 (confined) to 10.
MOST_EXPOSED = 2.0

specification = importlib.util.spec_from_file_location("run_units", ROOT / "deploy" / "run_units.py")
run_units = importlib.util.module_from_spec(specification)
specification.loader.exec_module(run_units)


@pytest.fixture
def systemd_analyze():
    """The program that checks units; a CI run must have it."""
    program = shutil.which("systemd-analyze")
    if not program:
        assert not os.environ.get("CI"), "install systemd"
        pytest.skip("systemd-analyze is not installed")
    return program


@pytest.fixture
def installed(systemd_analyze, tmp_path):
    """A root with the units as deploy/install.sh puts them, and with the programs that they name."""
    folder = tmp_path / "etc" / "systemd" / "system"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes((UNITS / name).read_bytes())
    for name in DROP_INS:
        (folder / name).mkdir()
        (folder / name / "hardening.conf").write_bytes((UNITS / "hardening.conf").read_bytes())
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr" / "lib" / "systemd" / "system", symlinks=True)
    for path in programs():
        program = tmp_path / path.lstrip("/")
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


def programs():
    texts = [(UNITS / name).read_text("utf-8") for name in SERVICES]
    return {path for text in texts for path in re.findall(r"^Exec\w+=(\S+)", text, re.M)}


def test_systemd_finds_no_fault(systemd_analyze, installed):
    done = subprocess.run(
        [systemd_analyze, "verify", f"--root={installed}", "--man=no", *NAMES],
        text=True, capture_output=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(systemd_analyze, installed, name):
    done = subprocess.run(
        [systemd_analyze, "security", "--offline=true", f"--root={installed}", "--no-pager", name],
        text=True, capture_output=True, check=True,
    )  # fmt: skip
    (exposed,) = re.findall(r"Overall exposure level for \S+ ([\d.]+)", done.stdout)

    assert float(exposed) <= MOST_EXPOSED


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_not_root_and_names_a_command_with_its_options(name):
    service = run_units.Service.read(name)
    assert service.user == "nanchuan"
    if "manage.py" not in service.command:
        return
    command, *arguments = service.command[service.command.index("manage.py") + 1 :]

    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)

    assert parser.parse_args(arguments)


def test_every_timer_has_its_service_and_every_command_of_the_clock_a_timer():
    assert {Path(name).stem for name in TIMERS} <= {Path(name).stem for name in SERVICES}
    started = {run_units.Service.read(Path(name).with_suffix(".service").name).command[2] for name in TIMERS}
    assert {"advance_rounds", "daily", "backup", "anchor_audit"} <= started


@pytest.mark.parametrize("name", NAMES)
def test_the_target_stops_everything_and_starts_no_job(name):
    text = (UNITS / name).read_text("utf-8")
    is_job = name.endswith(".service") and Path(name).with_suffix(".timer").name in TIMERS

    assert name.endswith(".target") or "\nPartOf=nanchuan.target\n" in text
    assert ("[Install]" not in text) == is_job
    # A backup that is cut off must not leave a dump in plain text.
    assert ("\nKillSignal=SIGINT\n" in text) == is_job


@pytest.mark.parametrize("name", TIMERS)
@pytest.mark.parametrize(
    "base", ["2026-11-30 12:00:00", "2026-11-30 17:59:59", "2026-12-31 18:10:00", "2028-02-29 22:30:00"]
)
def test_without_systemd_a_timer_elapses_at_the_same_moments(systemd_analyze, name, base):
    (calendar,) = run_units.read_unit((UNITS / name).read_text("utf-8"))["OnCalendar"]
    told = subprocess.run(
        [systemd_analyze, "calendar", f"--base-time={base} UTC", "--iterations=3", calendar],
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}, text=True, capture_output=True, check=True,
    ).stdout  # fmt: skip
    expected = re.findall(r"\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", told)

    moment, found = datetime.fromisoformat(f"{base}+00:00"), []
    for _ in expected:
        moment = run_units.next_time(calendar, moment)
        found.append(f"{moment:%Y-%m-%d %H:%M:%S}")

    assert len(expected) == 3
    assert found == expected


def test_without_systemd_a_time_that_is_not_understood_is_refused():
    with pytest.raises(ValueError, match="not understood"):
        run_units.next_time("weekly", datetime.now().astimezone())
    with pytest.raises(ValueError, match="DynamicUser is not understood"):
        run_units.read_unit("[Service]\nDynamicUser=yes\n")


@pytest.fixture
def unit(tmp_path, monkeypatch):
    """Write a unit for this test's own user, and read it as run_units does."""

    def written(*lines):
        name = subprocess.check_output(["id", "-un"], text=True).strip()
        text = "\n".join(["[Service]", f"User={name}", f"WorkingDirectory={tmp_path}", *lines])
        (tmp_path / "test.service").write_text(f"{text}\n")
        monkeypatch.setattr(run_units, "UNITS", tmp_path)
        return run_units.Service.read("test.service")

    return written


def test_without_systemd_a_service_has_a_clean_environment_and_no_core_dumps(unit, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the shell")
    service = unit(f'ExecStart=/bin/sh -c "env > {tmp_path}/env; ulimit -c >> {tmp_path}/env; umask >> {tmp_path}/env"')

    assert service.start().wait() == 0
    told = (tmp_path / "env").read_text()
    assert "of the shell" not in told
    assert told.splitlines()[-2:] == ["0", "0077"]


def test_without_systemd_a_service_whose_condition_does_not_hold_is_not_started(unit, tmp_path):
    service = unit("ExecCondition=/bin/false", f"ExecStart=/usr/bin/touch {tmp_path}/started")

    assert service.start() is None
    assert not (tmp_path / "started").exists()


def test_without_systemd_a_failed_service_is_begun_again(unit, tmp_path):
    command = f'ExecStart=/bin/sh -c "echo x >> {tmp_path}/runs; test $(wc -l < {tmp_path}/runs) -eq 3"'

    assert run_units.run_service(unit(command, "Restart=on-failure", "RestartSec=0")) == 0
    assert (tmp_path / "runs").read_text() == "x\nx\nx\n"


def test_without_systemd_what_still_runs_is_not_started_again(unit, tmp_path, monkeypatch):
    unit(f'ExecStart=/bin/sh -c "echo x >> {tmp_path}/runs; sleep 2"')
    (tmp_path / "test.timer").write_text("[Timer]\nOnCalendar=*:0/1\n")
    began = datetime.now().astimezone()
    moments = iter([*(began + timedelta(minutes=number) for number in range(12))])

    class Over(Exception):
        pass

    def now():
        try:
            return next(moments)
        except StopIteration:
            raise Over from None

    monkeypatch.setattr(run_units, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(run_units.time, "sleep", lambda _: None)
    monkeypatch.setattr(run_units.signal, "signal", lambda *_: None)
    with pytest.raises(Over):
        run_units.run_timers(now)

    ends_at = time.monotonic() + 10
    while not (tmp_path / "runs").exists() and time.monotonic() < ends_at:
        sleep(0.05)
    assert (tmp_path / "runs").read_text() == "x\n"


@pytest.mark.parametrize(
    ("persistent", "away", "is_made_up_for"),
    [("yes", timedelta(days=2), True), ("yes", timedelta(minutes=5), False), ("no", timedelta(days=2), False)],
)
def test_without_systemd_what_was_missed_is_made_up_for_after_a_start(
    tmp_path, monkeypatch, persistent, away, is_made_up_for
):
    monkeypatch.setattr(run_units, "UNITS", tmp_path)
    monkeypatch.setattr(run_units, "STAMPS", tmp_path / "stamps")
    calendar = "*-*-* 06:30 Asia/Shanghai"
    (tmp_path / "test.timer").write_text(f"[Timer]\nOnCalendar={calendar}\nPersistent={persistent}\n")
    first = datetime.fromisoformat("2026-11-30 12:00:00+08:00")

    assert run_units.last_start("test.service", first) == first  # never before: nothing was missed
    again = first + away

    assert (run_units.next_time(calendar, run_units.last_start("test.service", again)) <= again) == is_made_up_for


def test_without_systemd_a_missed_job_runs_once_and_is_not_missed_again(unit, tmp_path, monkeypatch):
    unit(f'ExecStart=/bin/sh -c "echo x >> {tmp_path}/runs"')
    (tmp_path / "test.timer").write_text("[Timer]\nOnCalendar=*-*-* 06:30\nPersistent=yes\n")
    monkeypatch.setattr(run_units, "STAMPS", tmp_path / "stamps")
    began = datetime.now().astimezone().replace(hour=12)
    run_units.last_start("test.service", began - timedelta(days=3))

    class Over(Exception):
        pass

    rests = iter(range(3))

    def rest(_):
        if next(rests, None) is None:
            raise Over

    monkeypatch.setattr(run_units.time, "sleep", rest)
    monkeypatch.setattr(run_units.signal, "signal", lambda *_: None)
    for _ in range(2):
        with pytest.raises(Over):
            run_units.run_timers(lambda: began)
    assert run_units.last_start("test.service", began) == began

    ends_at = time.monotonic() + 10
    while not (tmp_path / "runs").exists() and time.monotonic() < ends_at:
        sleep(0.05)
    assert (tmp_path / "runs").read_text() == "x\n"


def test_without_systemd_a_job_that_runs_clears_away_its_files_when_everything_ends(unit, tmp_path):
    (tmp_path / "job.py").write_text(
        "import pathlib, tempfile, time\n"
        "with tempfile.TemporaryDirectory(dir=pathlib.Path(__file__).parent, prefix='plain-'):\n"
        "    time.sleep(60)\n"
    )
    unit(f"ExecStart={sys.executable} {tmp_path}/job.py", "KillSignal=SIGINT")
    (tmp_path / "test.timer").write_text("[Timer]\nOnCalendar=*:0/1\n")
    program = (
        "import importlib.util, itertools, pathlib, sys; from datetime import datetime, timedelta\n"
        f"made = importlib.util.spec_from_file_location('run_units', {str(ROOT / 'deploy' / 'run_units.py')!r})\n"
        "run_units = importlib.util.module_from_spec(made); sys.modules['run_units'] = run_units\n"
        "made.loader.exec_module(run_units)\n"
        f"run_units.UNITS = pathlib.Path({str(tmp_path)!r})\n"
        "began, minutes = datetime.now().astimezone(), itertools.count()\n"
        "run_units.run_timers(lambda: began + timedelta(minutes=next(minutes)))\n"
    )
    timers = subprocess.Popen([sys.executable, "-c", program])
    ends_at = time.monotonic() + 20
    while not list(tmp_path.glob("plain-*")) and time.monotonic() < ends_at:
        sleep(0.05)
    assert list(tmp_path.glob("plain-*"))

    timers.terminate()

    assert timers.wait(timeout=20) == 0
    assert not list(tmp_path.glob("plain-*"))
