"""The containers: the image is made with the bare server's steps, every service runs a unit or a program of it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
IMAGE = (DEPLOY / "Containerfile").read_text("utf-8")
HELP = subprocess.check_output(["bash", str(DEPLOY / "install.sh"), "--help"], text=True)
STEPS = re.findall(r"^  ([a-z]+) +\S", HELP.partition("步骤，依次为")[2], re.M)


def words(service, name="command"):
    return " ".join(SERVICES[service].get(name, []))


def steps_of(text):
    return re.findall(r"--only ([a-z,]+)", text)[0].split(",")


def mounted(service):
    return dict(re.findall(r"^([^:]+):([^:]+)", volume)[0] for volume in SERVICES[service]["volumes"])


def test_the_image_and_its_first_run_take_the_steps_of_the_bare_server_in_their_order():
    taken = steps_of(IMAGE) + steps_of(words("setup", "entrypoint")) + steps_of(words("proxy"))

    assert len(taken) == len(set(taken))
    for part in (steps_of(IMAGE), steps_of(words("setup", "entrypoint"))):
        assert part == [step for step in STEPS if step in part]
    # Left are those that only systemd and a cluster of the same machine need.
    assert set(STEPS) - set(taken) == {"postgresql", "units", "start"}


def test_everything_that_systemd_runs_is_run():
    run = [words(service) for service in SERVICES]
    units = {path.name for path in (DEPLOY / "systemd").glob("*.service")}
    timed = {path.with_suffix(".service").name for path in (DEPLOY / "systemd").glob("*.timer")}

    assert {name for name in units if any(text == f"deploy/run_units.py {name}" for text in run)} == units - timed
    assert run.count("deploy/run_units.py --timers") == 1


def test_all_services_are_of_one_image_and_without_core_dumps():
    assert {service["image"] for service in SERVICES.values()} == {"nanchuan"}
    assert {service["ulimits"]["core"] for service in SERVICES.values()} == {0}
    assert {service["build"]["dockerfile"] for service in SERVICES.values()} == {"deploy/Containerfile"}


def test_only_the_proxy_can_be_reached():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["proxy"]["network_mode"] == "service:web"
    assert SERVICES["database"]["network_mode"] == SERVICES["memory"]["network_mode"] == "none"
    assert "bind" not in (DEPLOY / "gunicorn.conf.py").read_text("utf-8")


@pytest.mark.parametrize("service", ["web", "clock", "messages", "setup"])
def test_the_application_finds_settings_data_and_sockets(service):
    assert set(mounted(service).values()) >= {"/etc/nanchuan", "/var/lib/nanchuan", "/run/nanchuan", "/run/postgresql"}
    assert "ln -s /etc/nanchuan/.env .env" in IMAGE


def test_the_proxys_files_lie_in_memory():
    paths = re.findall(r"_temp_path (\S+);", (DEPLOY / "nginx.conf").read_text("utf-8"))

    assert SERVICES["proxy"]["tmpfs"] == paths


def test_every_volume_is_declared_and_used():
    named = {source for service in SERVICES for source in mounted(service) if not source.startswith(".")}

    assert named == set(COMPOSE["volumes"])


def test_the_image_leaves_out_keys_and_data():
    left_out = (ROOT / ".dockerignore").read_text("utf-8").split()
    kept_out_of_git = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]

    assert {".git", ".env", "evidence", "backups", "archive", "deploy/site", ".venv"} <= set(left_out)
    assert {".env", "evidence", "backups", "archive", "deploy/site"} <= set(kept_out_of_git)


@pytest.mark.parametrize("path", sorted([*DEPLOY.glob("*.sh"), *ROOT.glob(".ci/*")]), ids=lambda path: path.name)
def test_a_script_is_read_by_its_shell(path: Path):
    done = subprocess.run(["bash", "-n", str(path)], text=True, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
