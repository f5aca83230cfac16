"""A short vote at two web servers and two databases, each of which fails, loses nothing and leaves nothing behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.machines.network import ADDRESSES, PROGRAMS
from bench.machines.servers import SITE, TWO
from tests.concurrency.cluster import find_program
from tests.paths import ROOT

CAN_RUN = os.geteuid() == 0 and all(map(shutil.which, PROGRAMS)) and find_program("initdb")


@pytest.mark.initdb
@pytest.mark.minutes
@pytest.mark.skipif(not CAN_RUN, reason="needs root, iproute2, nginx, redis-server and PostgreSQL's server")
def test_nothing_is_lost_when_a_web_server_and_the_database_fail():
    command = [sys.executable, "-m", "bench.machines", "--voters", "4", "--seconds", "10"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        report, errors = run.communicate(timeout=900)
    figures = {line[:26].strip(): line[26:].split() for line in report.splitlines()}

    assert run.returncode == 0, report + errors
    assert int(figures["acknowledged"][0]) > 0
    assert figures["lost"][0] == figures["double"][0] == "0"
    assert figures["receipts verified"][0] == figures["acknowledged"][0]
    assert not list(Path("/run/netns").glob(f"nc{run.pid}-*"))


def test_the_configuration_names_the_same_machines_everywhere():
    """What is tested is what is delivered: the files have the test's addresses."""
    files = {path.name: path.read_text("utf-8") for path in TWO.iterdir()}

    assert all(ADDRESSES[machine] in files["nginx.sed"] for machine in ("web1", "web2"))
    assert all(ADDRESSES[machine] in files["env.example"] for machine in ("proxy", "db1", "db2"))
    assert all(ADDRESSES[machine] in files["pg_hba.conf"] for machine in ("web1", "web2", "db1", "db2"))
    assert ADDRESSES["proxy"] in files["redis.conf"]


def test_the_proxys_file_is_the_base_one_with_two_servers_and_a_second_try_for_ballots():
    base = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    changed = subprocess.run(["sed", "-f", TWO / "nginx.sed"], input=base, capture_output=True, text=True, check=True)

    assert SITE in changed.stdout
    for once in (
        "server 10.20.0.11:8000",
        "server 10.20.0.12:8000",
        "proxy_next_upstream error timeout non_idempotent",
    ):
        assert changed.stdout.count(once) == 1
    assert len(changed.stdout.splitlines()) - len(base.splitlines()) == 9


@pytest.mark.parametrize("arguments", [["sync"], ["follow", "10.20.0.21"], ["promote"], [], ["--help"]], ids=" ".join)
def test_the_databases_script_is_bash_and_says_how_it_is_used(arguments, tmp_path):
    """Without a database there is nothing to ask: what lacks an argument is told so, in Chinese."""
    done = subprocess.run(
        ["bash", TWO / "database.sh", *arguments], capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PGHOST": str(tmp_path)},
    )  # fmt: skip

    assert ("用法" in done.stdout) == (arguments != ["promote"])
    assert done.returncode == (0 if arguments == ["--help"] else 1 if arguments == ["promote"] else 2)


def test_a_run_without_root_starts_nothing(monkeypatch):
    from bench.machines import __main__ as machines  # noqa: PLC0415

    monkeypatch.setattr("bench.machines.network.os.geteuid", lambda: 1000)

    assert machines.main([]) == machines.NOT_STARTED
    assert not list(Path("/run/netns").glob(f"nc{os.getpid()}-*"))
