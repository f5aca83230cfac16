"""What runs on the machines, as deploy/ and deploy/two-servers/ configure it: databases, web servers, Redis, proxy."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.load.processes import Server
from bench.machines.network import ADDRESSES, Network
from tests.concurrency.cluster import find_program
from tests.paths import ROOT

PASSWORD, SITE = "only-for-this-test", "pingyi.example.gov.cn"
DEPLOY = ROOT / "deploy"
TWO = DEPLOY / "two-servers"
TO_RUN = 120


class Database:
    """A PostgreSQL server on a machine of its own; as user postgres, since PostgreSQL refuses to run as root."""

    def __init__(self, network: Network, machine: str, folder: Path) -> None:
        self.network, self.machine, self.folder = network, machine, folder / machine
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.folder.mkdir()
        shutil.chown(self.folder, "postgres")

    def make_primary(self) -> None:
        """Make an empty cluster with the two roles, and start it."""
        self._run(_program("initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        self._configure()
        self.start()
        self.ask(f"CREATE ROLE nanchuan LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_settings")
        self.ask(f"CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{PASSWORD}'")
        self.ask("CREATE DATABASE nanchuan OWNER nanchuan")

    def follow(self, primary: str, primary_machine: str) -> None:
        """Become the primary's standby by deploy/two-servers/database.sh, and start."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(self.data, "postgres")
        self.command("follow", ADDRESSES[primary_machine], self.machine)
        self.start()

    def command(self, *arguments: str) -> str:
        """Run deploy/two-servers/database.sh here."""
        return self._run("bash", TWO / "database.sh", *arguments)

    def start(self) -> None:
        self._run(_program("pg_ctl"), "-D", self.data, "-w", "-l", self.log, "-o", f"-k {self.folder}", "start")

    def ask(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the superuser; returns what it says."""
        return self._run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement).strip()

    def die(self) -> None:
        """Pull the cable and the plug at once."""
        self.network.unplug(self.machine)
        self.network.kill(self.machine)

    def _configure(self) -> None:
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("".join(f"include '{path / 'postgresql.conf'}'\n" for path in (DEPLOY, TWO)))
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write((TWO / "pg_hba.conf").read_text())

    def _run(self, *command: object) -> str:
        environment = {"PATH": os.environ["PATH"], "PGDATA": self.data, "PGHOST": self.folder, "PGPASSWORD": PASSWORD}
        environment |= {"PGUSER": "postgres", "PGBIN": Path(_program("initdb")).parent, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [*self.network.on(self.machine, "postgres"), *map(str, command)],
            cwd="/", env={name: str(value) for name, value in environment.items()}, check=False, timeout=TO_RUN,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{self.machine}: {command[0]} {command[1]}: {done.stdout[-1000:]}")
        return done.stdout


class Web(Server):
    """gunicorn on a web server of its own."""

    def __init__(self, network: Network, machine: str, environment: dict[str, str]) -> None:
        self.network, self.machine = network, machine
        self.prefix = network.on(machine)
        super().__init__(ADDRESSES[machine], 8000, environment)

    def die(self) -> None:
        """Kill master and workers at once."""
        self.remove()

    def come_back(self) -> None:
        self._start()
        self.wait_until_ready()


class Processes:
    """Redis and nginx on the proxy's machine."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._redis()
        self._nginx()

    def remove(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(timeout=10)

    def _redis(self) -> None:
        settings = self.folder / "redis.conf"
        settings.write_text((TWO / "redis.conf").read_text().replace("PASSWORD", PASSWORD))
        self._spawn("redis-server", settings, "--dir", self.folder)

    def _nginx(self) -> None:
        self._certificate()
        adapted = subprocess.run(
            ["sed", "-f", TWO / "nginx.sed", DEPLOY / "nginx.conf"], check=True, capture_output=True, text=True
        ).stdout
        for ours, here in (
            ("/etc/nanchuan/", f"{self.folder}/"),
            ("/run/nanchuan-", f"{self.folder}/nanchuan-"),
            ("/var/log/nginx/", f"{self.folder}/"),
            ("/srv/nanchuan/", f"{ROOT}/"),
        ):
            if ours not in adapted:
                raise RuntimeError(f"deploy/nginx.conf no longer says {ours}")
            adapted = adapted.replace(ours, here)
        # The voters stand for a proxy of the district in front of this one, which tells their addresses.
        (self.folder / "nginx").mkdir(exist_ok=True)
        own = "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; real_ip_recursive on;\n"
        (self.folder / "nginx" / "site-own.conf").write_text(own)
        (self.folder / "site.conf").write_text(adapted)
        (self.folder / "nginx.conf").write_text(
            f"user root; daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log;\n"
            f"events {{}}\nhttp {{ include {self.folder}/site.conf; }}\n"
        )
        self._spawn("nginx", "-e", self.folder / "nginx.log", "-c", self.folder / "nginx.conf")

    def _certificate(self) -> None:
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        make += ["-keyout", self.folder / "site.key", "-out", self.folder / "site.crt", "-days", "2"]
        subprocess.run([*make, "-subj", f"/CN={SITE}"], check=True, capture_output=True)

    def _spawn(self, *command: object) -> None:
        words = [*self.network.on("proxy"), *map(str, command)]
        with (self.folder / "proxy.out").open("ab") as out:
            self.running.append(subprocess.Popen(words, stdout=out, stderr=out, start_new_session=True))


def environment(example: str, base: dict[str, str]) -> dict[str, str]:
    """Return a web server's environment: what deploy/two-servers/env.example says, over the load test's own."""
    lines = [line for line in example.splitlines() if line and not line.startswith("#")]
    given = dict(line.replace("PASSWORD", PASSWORD).split("=", 1) for line in lines)
    kept = {name: value for name, value in given.items() if not name.endswith("_ROOT")}
    return base | kept | {"ALLOWED_HOSTS": SITE}


def wait_for(condition: Callable[[], bool], seconds: float) -> float | None:
    """Wait until something is so; returns the seconds it took, None if it did not happen in time."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if condition():
            return time.monotonic() - started
        time.sleep(0.1)
    return None


def run_on(network: Network, machine: str, environment: dict[str, str], *arguments: str) -> str:
    """Run a module of the project on a machine; returns what it prints."""
    command = [*network.on(machine), sys.executable, "-m", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, timeout=600, text=True
    )
    return done.stdout


def _program(name: str) -> str:
    return str(find_program(name))
