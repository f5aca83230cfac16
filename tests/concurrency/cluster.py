"""A temporary PostgreSQL cluster that tests can crash and restart."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


def find_program(name: str) -> str | None:
    """Path of a PostgreSQL server program: the newest of Debian's, or the one on the PATH."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(kept[-1]) if kept else shutil.which(name)


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A cluster in a temporary folder; as root it runs as `postgres`, since PostgreSQL refuses to run as root."""

    def __init__(self) -> None:
        self.user = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="nanchuan-cluster-"))
        if self.user:
            shutil.chown(self.folder, self.user)
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def crash(self) -> None:
        """Stop as in a power failure: no clean-up, all connections lost."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: object) -> None:
        command = [find_program(program), *map(str, arguments)]
        subprocess.run(command, user=self.user, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=120)
