"""The processes of a deployment of its own: gunicorn and Redis as deploy/ configures them, and Django's commands."""

import http.client
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from bench.load.rules import Refused
from tests.concurrency.cluster import Cluster, find_program
from tests.paths import ROOT

WORKERS = 3
TO_START, TO_PREPARE = 60, 300
ORPHANED = 0.3
OK = 200


def require_programs() -> None:
    """Refuse to start where Linux or PostgreSQL's server programs are missing, or these cannot run."""
    if not Path("/proc/self/task").is_dir():
        raise Refused("/proc is missing: workers to kill are found there, on Linux")
    if not find_program("initdb") or not find_program("pg_ctl"):
        raise Refused("initdb and pg_ctl are missing: install PostgreSQL's server (apt-get install postgresql)")
    if os.geteuid() == 0 and "postgres" not in {account.pw_name for account in pwd.getpwall()}:
        raise Refused("PostgreSQL does not run as root, and there is no account postgres: run as another user")


def deployment(cluster: Cluster, folder: Path, host: str, socket: Path | None) -> dict[str, str]:
    """Return the environment of the deployment, as deploy/env.example has it."""
    from cryptography.fernet import Fernet  # noqa: PLC0415

    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}}
    return kept | {
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "bench.load.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEY": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": host,
        "TRUSTED_PROXIES": host,
        "DATABASE_URL": cluster.url,
        "CACHE_URL": f"rediscache://{socket}" if socket else "locmemcache://",
        "WEB_CONCURRENCY": str(WORKERS),
        "TWO_PERSON_RULE": "true",
        "REQUIRE_OTP": "true",
        "EVIDENCE_ROOT": str(folder / "evidence"),
        "LOAD_FOLDER": str(folder),
        "LOAD_CLUSTER": str(cluster.folder),
    }


def run_round(environment: dict[str, str], *arguments: str) -> Any:
    """Run a task of bench/load/round.py and return what it prints; one person may do what the round needs."""
    command = [sys.executable, "-m", "bench.load.round", *arguments]
    alone = {**environment, "TWO_PERSON_RULE": "false"}
    done = subprocess.run(command, cwd=ROOT, env=alone, check=True, stdout=subprocess.PIPE, timeout=TO_PREPARE)
    return json.loads(done.stdout)


def collect_static(environment: dict[str, str]) -> None:
    """Collect the static files, without which the deployment's pages have no addresses for them."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=TO_PREPARE)


class Redis:
    """The memory that workers share; where redis-server is not installed each worker counts by itself."""

    def __init__(self, folder: Path) -> None:
        self.socket: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None
        program = shutil.which("redis-server")
        if program:
            self.socket = folder / "redis.sock"
            command = [program, ROOT / "deploy" / "redis.conf", "--unixsocket", self.socket, "--dir", folder]
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)

    def remove(self) -> None:
        """Stop it."""
        if self.process:
            self.process.kill()
            self.process.wait()


class Server:
    """gunicorn in a process group of its own, kept running as a service manager does."""

    prefix: Sequence[str] = ()  # what stands before the command, to run it on another machine

    def __init__(self, host: str, port: int, environment: dict[str, str]) -> None:
        self.host, self.port, self.environment = host, port, environment
        self.log = Path(environment["LOAD_FOLDER"]) / "gunicorn.log"
        self._start()

    def wait_until_ready(self) -> None:
        """Wait until a page is served."""
        ends_at = time.monotonic() + TO_START
        while time.monotonic() < ends_at and self.process.poll() is None:
            if self._answers():
                return
            time.sleep(0.1)
        raise Refused(f"gunicorn does not serve: {self.log.read_text(errors='replace')[-2000:]}")

    def keep_running(self) -> None:
        """Start it again if it has ended by itself."""
        if self.process.poll() is not None:
            self._start_anew()

    def kill_worker(self, rng: Random) -> None:
        """Kill one worker in the middle of whatever it does."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if children:
            with suppress(ProcessLookupError):
                os.kill(int(rng.choice(children)), signal.SIGKILL)

    def kill_master(self) -> None:
        """Kill the master; its workers serve on until a service manager ends them and starts everything anew."""
        self.process.kill()
        time.sleep(ORPHANED)
        self._start_anew()
        self.wait_until_ready()

    def remove(self) -> None:
        """Kill the whole group; workers may be left of a master that is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _start_anew(self) -> None:
        self.remove()
        self._start()

    def _start(self) -> None:
        command = [
            *self.prefix,
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "deploy/gunicorn.conf.py",
            "nanchuan_eval.wsgi",
        ]
        command += ["-b", f"{self.host}:{self.port}", "--no-control-socket"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        try:
            headers = {"Host": self.environment["ALLOWED_HOSTS"].partition(",")[0], "X-Forwarded-Proto": "https"}
            connection.request("GET", "/healthz", headers=headers)
            return connection.getresponse().status == OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
