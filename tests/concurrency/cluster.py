"""A temporary PostgreSQL cluster that tests and the load test can crash and restart."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path


def find_program(name: str) -> str | None:
    """Path of a PostgreSQL server program: the newest of Debian's, the one on the PATH, or where pg_config says."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: _version(path.parts[-3]))
    return str(kept[-1]) if kept else shutil.which(name) or shutil.which(name, path=_configured_folder())


def _version(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _configured_folder() -> str:
    program = shutil.which("pg_config")
    return subprocess.check_output([program, "--bindir"], text=True).strip() if program else ""


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A cluster in a temporary folder; as root it runs as `postgres`, since PostgreSQL refuses to run as root."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings
        self.user = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="nanchuan-cluster-"))
        if self.user:
            shutil.chown(self.folder, self.user)
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        try:
            options = ("-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--data-checksums")
            self._run("initdb", "-D", self.folder / "data", *options)
            self.start()
        except BaseException:
            self.remove()
            raise

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += "".join(f" -c {name}={shlex.quote(value)}" for name, value in self.settings.items())
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def crash(self) -> None:
        """Stop as in a power failure: no clean-up, all connections lost."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def restart(self, mode: str) -> None:
        """Stop and start: `fast` ends the connections in order, `immediate` is a crash that is recovered from."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", mode, "-l", self.folder / "log", "restart")

    def remove(self) -> None:
        """Stop, if it runs, and delete everything."""
        with suppress(subprocess.CalledProcessError):
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy(self) -> Path:
        """Return a base backup (pg_basebackup), taken while the cluster runs."""
        target = self.folder / "backup"
        where = ["-h", "127.0.0.1", "-p", self.port, "-U", "postgres"]
        self._run("pg_basebackup", *where, "-D", target, "-c", "fast", "-X", "none")
        return target

    def _run(self, program: str, *arguments: object) -> None:
        """Run a program in a session of its own, so that Ctrl-C does not stop it half way."""
        command = [find_program(program), *map(str, arguments)]
        subprocess.run(
            command, user=self.user, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=120, start_new_session=True
        )
