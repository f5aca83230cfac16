"""nginx and Caddy on loopback with the files of deploy/, only moved to other ports and folders."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.concurrency.cluster import free_port
from tests.paths import ROOT

SITE = "pingyi.example.gov.cn"
LOOPBACK = "127.0.0.1"
# As Debian's own /etc/nginx/nginx.conf, with what our file has to overrule: gzip and a log of every request.
MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/log/error.log warn;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    gzip on;
    gzip_min_length 1;
    gzip_proxied any;
    access_log {folder}/log/access.log;
    include {folder}/site.conf;
}}
"""


def require_program(name: str) -> str:
    """Path of a program that a CI run must have; without it the test is skipped."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not program:
        assert not os.environ.get("CI"), f"install {name}"
        pytest.skip(f"{name} is not installed")
    return program


def make_certificate(folder: Path) -> None:
    """Write a certificate of the site's name, which only these tests trust."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}",
         "-keyout", folder / "site.key", "-out", folder / "site.crt"],
        check=True, capture_output=True,
    )  # fmt: skip


class Proxy:
    """A proxy in front of an application's port; `start` serves, `logs` is all it has written."""

    def __init__(self, folder: Path, upstream: int) -> None:
        self.folder, self.upstream = folder, upstream
        self.most = 3_000_000  # instead of 210 MB
        self.port, self.plain_port = free_port(), free_port()
        (folder / "log").mkdir()
        make_certificate(folder)
        self.process: subprocess.Popen[bytes] | None = None
        self.prepare()

    def prepare(self) -> None:
        """Write the configuration."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Return what serves it."""
        raise NotImplementedError

    def start(self) -> None:
        """Serve."""
        environment = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        with (self.folder / "log" / "stderr").open("wb") as log:
            self.process = subprocess.Popen(self.command(), env=environment, stdout=log, stderr=log)
        ends_at = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < ends_at:
            try:
                socket.create_connection((LOOPBACK, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.logs())

    def stop(self) -> None:
        """Stop serving."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)

    def logs(self) -> str:
        """Everything in its log files and what it printed."""
        return "\n".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").iterdir()))


class Nginx(Proxy):
    """nginx with deploy/nginx.conf."""

    def prepare(self) -> None:
        text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
        text = re.sub(r"\blisten 80\b", f"listen {self.plain_port}", text)
        text = re.sub(r"\blisten 443\b", f"listen {self.port}", text)
        text = text.replace("client_max_body_size 210m", f"client_max_body_size {self.most}")
        text = text.replace("/srv/nanchuan/", f"{ROOT}/").replace("/etc/nanchuan/", f"{self.folder}/")
        text = text.replace("/var/log/nginx/", f"{self.folder}/log/").replace("/run/", f"{self.folder}/")
        (self.folder / "site.conf").write_text(text.replace(f"{LOOPBACK}:8000", f"{LOOPBACK}:{self.upstream}"))
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user))

    def command(self) -> list[str]:
        return [require_program("nginx"), "-c", str(self.folder / "nginx.conf")]

    def fault(self) -> str:
        """What nginx's own check says against the configuration."""
        done = subprocess.run([*self.command(), "-t", "-q"], text=True, capture_output=True, check=False)
        return "" if done.returncode == 0 else done.stderr


class Caddy(Proxy):
    """Caddy with deploy/Caddyfile."""

    def prepare(self) -> None:
        text = (ROOT / "deploy" / "Caddyfile").read_text("utf-8")
        text = text.replace(
            "{\n\tadmin off", f"{{\n\thttp_port {self.plain_port}\n\thttps_port {self.port}\n\tadmin off", 1
        )
        text = text.replace("max_size 210MiB", f"max_size {self.most}B").replace("> 220200960", f"> {self.most}")
        text = text.replace("/srv/nanchuan/", f"{ROOT}/").replace("/etc/nanchuan/", f"{self.folder}/")
        text = text.replace("/var/log/caddy/", f"{self.folder}/log/")
        (self.folder / "Caddyfile").write_text(text.replace(f"{LOOPBACK}:8000", f"{LOOPBACK}:{self.upstream}"))

    def command(self) -> list[str]:
        return [require_program("caddy"), "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]

    def fault(self) -> str:
        """What Caddy's own check says against the configuration."""
        program, _, *options = self.command()
        environment = {**os.environ, "HOME": str(self.folder)}
        done = subprocess.run(
            [program, "validate", *options], env=environment, text=True, capture_output=True, check=False
        )
        return "" if done.returncode == 0 else done.stderr
