"""Fixtures of all tests, and skipping of tests that this machine cannot run."""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from nanchuan_eval.audit.sql import unguard_audit_tables
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.profile.queries import assume_profile
from nanchuan_eval.spreadsheets import child, reading
from tests.concurrency.cluster import find_program
from tests.security import sabotage

# Examples are not timed: on a busy machine the time says nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")
CHROMIUM = Path("/usr/bin/chromium")
IN_CI = os.environ.get("CI") == "true"


def pytest_sessionstart(session):
    """Name a host, hash passwords fast (Django's own way takes 0.3 s by design), disable the control in SABOTAGE."""
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "pingyi.example"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if os.environ.get("SABOTAGE"):
        sabotage.apply(os.environ["SABOTAGE"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Remove the guard of the audit log, which would refuse to let transactional tests empty its tables."""
    with django_db_blocker.unblock():
        unguard_audit_tables(connection)


def pytest_collection_modifyitems(items):
    # Tests that take minutes come first: a process that has one left at the end would keep the others waiting.
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("initdb", "minutes"))))
    for item in items:
        missing = _has_run(item) or _missing_for(item)
        if missing:
            item.add_marker(pytest.mark.skip(reason=missing))


def _has_run(item) -> str:
    """Reason to skip a test on PostgreSQL after the run on SQLite, or empty: without a database it says the same."""
    if os.environ.get("SQLITE_RUN_PRECEDED") != "1" or item.get_closest_marker("browser") or _uses_database(item):
        return ""
    return "uses no database: once is enough, in the SQLite run"


def _missing_for(item) -> str:
    """Reason to skip a test on this machine, or empty; in CI a missing program ends the run."""
    if item.get_closest_marker("browser"):
        return _missing_for_browser()
    if item.get_closest_marker("office") and not shutil.which("soffice"):
        return _lack("needs soffice (LibreOffice)")
    if item.get_closest_marker("initdb"):
        return _missing_for_cluster()
    if item.get_closest_marker("pdftext") and not shutil.which("pdftotext"):
        return _lack("needs pdftotext (poppler-utils)")
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        # CI runs everything on SQLite first and then on PostgreSQL; .ci/run says so.
        return "needs DATABASE_URL to name a PostgreSQL database" if _postgres_follows() else _lack("no PostgreSQL")
    return ""


def _uses_database(item) -> bool:
    marked = any(map(item.get_closest_marker, ("django_db", "postgres", "initdb")))
    # "template": the tests of upgrades make databases of their own on the server of the run.
    return marked or bool({"db", "transactional_db", "template"} & set(item.fixturenames))


def _missing_for_browser() -> str:
    if not CHROMIUM.exists():
        return _lack(f"needs {CHROMIUM}")
    # What only a browser shows depends on no database; CI must stay under half an hour.
    return "runs on PostgreSQL, once" if connection.vendor != "postgresql" and IN_CI and _postgres_follows() else ""


def _missing_for_cluster() -> str:
    if not find_program("initdb"):
        return _lack("needs initdb (a PostgreSQL server package) for a cluster to crash")
    if connection.vendor != "postgresql" and IN_CI and _postgres_follows():
        return "has a cluster of its own whatever DATABASE_URL says: once is enough, in the PostgreSQL run"
    return ""


def _postgres_follows() -> bool:
    return not IN_CI or os.environ.get("POSTGRES_RUN_FOLLOWS") == "1"


def _lack(what: str) -> str:
    if IN_CI:
        pytest.exit(f"CI must not go without: {what}", returncode=1)
    return what


@pytest.fixture(autouse=True)
def empty_cache():
    """Clear the rate limits' counters of earlier tests."""
    cache.clear()


@pytest.fixture(autouse=True)
def default_profile():
    """Start as a process that has read the profile: no version of it is approved."""
    assume_profile(None)


@pytest.fixture(autouse=True)
def evidence_root(settings, tmp_path):
    """Give each test its own folders of evidence, backups and archives."""
    settings.BACKUP_ROOT, settings.ARCHIVE_ROOT = tmp_path / "backups", tmp_path / "archive"
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    return settings.EVIDENCE_ROOT


@pytest.fixture(autouse=True)
def workbooks_read_here(request, monkeypatch):
    """Read workbooks without the child process, whose start takes longer than most tests that read one."""
    if not any(map(request.node.get_closest_marker, ("reader", "browser"))):
        monkeypatch.setattr(reading, "_answer_of_child", child.answer)


@pytest.fixture(autouse=True)
def one_clock(monkeypatch):
    """Leave the database's clock out of account: tests set the time of this machine only."""
    monkeypatch.setattr(clock, "database_time", lambda: None)
    clock._readings.clear()
