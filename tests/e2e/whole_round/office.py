"""An installation of its own: production settings, PostgreSQL, TLS; its clock and its scheduled commands."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import psycopg2
from cryptography.fernet import Fernet

from tests.nanchuan_eval.handbook.texts import without_figures
from tests.paths import ROOT

BEIJING = ZoneInfo("Asia/Shanghai")
PROXY = "127.0.0.1"
LAUNCHER = "tests.e2e.whole_round.moved_clock"


class Office:
    """The machine of one installation and what is counted on it: clicks and one-time codes by step and person."""

    def __init__(self, folder, database_url):
        self.folder, self.port, self.seconds = folder, _free_port(), 0.0
        self.database = f"{urlsplit(database_url).path[1:]}_whole_round"
        self.maintenance = database_url
        self.address = f"https://localhost:{self.port}"
        self.env = self._environment(urlunsplit(urlsplit(database_url)._replace(path=f"/{self.database}")))
        self.server = None
        self.step_name = ""
        # What the pages said, for the names that the handbook gives.
        self.seen, self.depicted = set(), set()
        self.clicks, self.codes = defaultdict(Counter), defaultdict(Counter)

    def _environment(self, database_url):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PGPASSFILE", "LANG") if name in os.environ}
        folders = {
            name: str(self.folder / name.lower())
            for name in ("EVIDENCE_ROOT", "BACKUP_ROOT", "ARCHIVE_ROOT", "STATIC_ROOT")
        }
        return {
            **kept,
            **folders,
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_KEY": Fernet.generate_key().decode(),
            "ALLOWED_HOSTS": "localhost",
            "DATABASE_URL": database_url,
            "TRUSTED_PROXIES": PROXY,
            "MOVED_CLOCK": str(self.folder / "clock"),
        }

    def install(self):
        """Make the empty database, its tables and the certificate."""
        self.drop()
        self._ask(f'CREATE DATABASE "{self.database}"')
        self.set_clock(datetime(2026, 7, 6, 9, tzinfo=BEIJING))
        self.command("collectstatic", "--noinput", "--verbosity=0")
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        made = ["-keyout", str(self.folder / "tls.key"), "-out", str(self.folder / "tls.crt")]
        self._run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", *subject, *made])

    def drop(self):
        """Drop the database of this installation."""
        self._ask(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def _ask(self, statement):
        connection = psycopg2.connect(self.maintenance.replace("postgres://", "postgresql://", 1))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def write(self, name, text):
        """Write a file of the operator."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def command(self, *words):
        """Run a management command as cron or the operator does; return what it printed."""
        return self._run([sys.executable, "-m", LAUNCHER, *words])

    def _run(self, words, **options):
        done = subprocess.run(words, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, **options)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self):
        """Start the web server and wait until it answers."""
        tls = ["--certfile", str(self.folder / "tls.crt"), "--keyfile", str(self.folder / "tls.key")]
        words = ["-m", "gunicorn", "--bind", f"localhost:{self.port}", "--threads", "40", "--timeout", "0", *tls]
        log = (self.folder / "server.log").open("w")
        served = [sys.executable, *words, f"{LAUNCHER}:served()"]
        self.server = subprocess.Popen(served, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True)
        for _ in range(300):
            if "Booting worker" in (self.folder / "server.log").read_text():
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "server.log").read_text())

    def stop(self):
        """Stop the web server."""
        if self.server:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait(20)

    def faults(self):
        """Return what the server logged as an error."""
        return [line for line in (self.folder / "server.log").read_text().splitlines() if " ERROR " in line]

    def now(self):
        """Return the installation's time in Beijing."""
        return datetime.now(BEIJING) + timedelta(seconds=self.seconds)

    def set_clock(self, moment):
        """Move the clock to a moment."""
        self.seconds = (moment - datetime.now(UTC)).total_seconds()
        (self.folder / "clock").write_text(str(self.seconds), encoding="ascii")

    def pass_time(self, **passed):
        """Let time pass."""
        self.set_clock(self.now() + timedelta(**passed))

    def mornings(self, days, *, hour=9, minute=0):
        """Let days pass, on each of which cron runs its commands, and come to an hour of the last one."""
        last = (self.now() + timedelta(days=days)).replace(hour=hour, minute=minute, second=0)
        moments = [last - timedelta(days=before, minutes=5) for before in reversed(range(days))]
        self.command("cron", *(str(moment.timestamp()) for moment in moments))
        self.set_clock(last)

    def cron(self):
        """Run the scheduled commands now."""
        return self.command("cron", str(self.now().timestamp()))

    @contextmanager
    def step(self, name):
        """Count what happens inside as this step."""
        self.step_name = name
        yield

    def unseen(self, names):
        """Return the names that no page showed so far."""
        return {name for name in names if not any(without_figures(name) in text for text in self.seen)}

    def clicks_in_all(self):
        """Return how many clicks all people have made so far."""
        return sum(sum(clicks.values()) for clicks in self.clicks.values())

    def codes_of(self, username):
        """Return how many one-time codes a person has entered so far."""
        return sum(codes[username] for codes in self.codes.values())

    def counted(self):
        """Return the clicks and codes of each step and person as lines of text."""
        lines = [
            f"{step}: {sum(clicks.values())} clicks {dict(clicks)}, codes {dict(self.codes[step])}"
            for step, clicks in self.clicks.items()
        ]
        total = self.clicks_in_all()
        chief = self.codes_of("chief")
        return "\n".join([*lines, f"in all: {total} clicks, the chief's codes: {chief}"])


def _free_port():
    with socket.socket() as probe:
        probe.bind((PROXY, 0))
        return probe.getsockname()[1]
