"""A short load test runs to its end, and a stopped one leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.load import __main__ as load
from tests.paths import ROOT

SHORT = ("--voters", "3", "--seconds", "4", "--kills", "1", "--restarts", "1")
LONG = ("--voters", "2", "--seconds", "60", "--kills", "0", "--restarts", "0")
TIMEOUT = 240


@pytest.fixture
def folder():
    """A folder for temporary files that PostgreSQL's account can enter, too."""
    made = Path(tempfile.mkdtemp(prefix="nanchuan-load-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def start(folder):
    """Starts load tests, and stops those that a failed test leaves."""
    runs = []

    def started(*arguments):
        # The names of a database and a cache that the load test must leave alone.
        named = {"DATABASE_URL": "sqlite:////nowhere", "CACHE_URL": "dummycache://", "TMPDIR": str(folder)}
        runs.append(
            subprocess.Popen(
                [sys.executable, "-m", "bench.load", *arguments], cwd=ROOT, env={**os.environ, **named}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        return runs[-1]

    yield started
    for run in runs:
        run.terminate()
        run.communicate()


def still_running(folder):
    """The processes that name the folder in their command or environment and do not end in a moment."""
    ends_at = time.monotonic() + 10
    while (found := naming(folder)) and time.monotonic() < ends_at:
        time.sleep(0.1)
    return found


def naming(folder):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            facts = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in facts:
            found.append(process.name)
    return found


def figures(report):
    """The report's counts by name."""
    rows = ((line[:26].strip(), line[26:].split()) for line in report.splitlines() if len(line) > 26)
    return {
        name: int(words[0].replace(",", "")) for name, words in rows if words and words[0].replace(",", "").isdigit()
    }


@pytest.mark.initdb
def test_nothing_is_lost_or_double_when_a_worker_is_killed_and_the_database_restarts(folder, start):
    run = start(*SHORT)
    report, errors = run.communicate(timeout=TIMEOUT)

    assert run.returncode == 0, report + errors
    found = figures(report)
    assert found["acknowledged"] > 0
    assert (found["lost"], found["double"]) == (0, 0)
    assert "1 workers killed, 0 masters killed, 1 database restarts (immediate)" in report
    assert list(folder.iterdir()) == []
    assert still_running(folder) == []


@pytest.mark.initdb
def test_a_run_stopped_by_ctrl_c_leaves_nothing_behind(folder, start):
    run = start(*LONG)
    ends_at = time.monotonic() + TIMEOUT
    while not list(folder.glob("nanchuan-load-*/gunicorn.log")):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < ends_at
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=TIMEOUT)

    assert run.returncode == 130, errors
    assert list(folder.iterdir()) == []
    assert still_running(folder) == []


def test_ctrl_c_while_something_starts_waits_until_its_removal_is_noted():
    kept, removed = {number: signal.getsignal(number) for number in load.STOPPING}, []
    signal.signal(signal.SIGINT, load._interrupt)

    def start():
        os.kill(os.getpid(), signal.SIGINT)
        return SimpleNamespace(remove=lambda: removed.append("removed"))

    try:
        with pytest.raises(KeyboardInterrupt), ExitStack() as undo:
            load._started(undo, start)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)

    assert removed == ["removed"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--host", "192.0.2.7"), "no loopback address"),
        (("--seconds", "901"), "seconds must be from 2 to 900"),
        (("--voters", "65", "--restarts", "31"), "voters must be from 1 to 64, not 65; restarts"),
    ],
)
def test_a_refused_run_starts_nothing(folder, start, arguments, why):
    run = start(*arguments)
    report, errors = run.communicate(timeout=TIMEOUT)

    assert (run.returncode, report) == (2, "")
    assert why in errors
    assert list(folder.iterdir()) == []


def test_a_database_that_is_not_its_own_is_refused(folder):
    command = [sys.executable, "-m", "bench.load.round", "prepare", "1"]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/other.sqlite3", "LOAD_FOLDER": str(folder)}
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)

    assert done.returncode != 0
    assert "not the load test's own PostgreSQL" in done.stderr
    assert not (folder / "other.sqlite3").exists()
