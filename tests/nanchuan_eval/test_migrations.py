"""Migrations do not depend on the running code, so that they stay the same when it changes."""

import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection

from nanchuan_eval.audit.sql import guard_audit_tables, unguard_audit_tables
from nanchuan_eval.migrations import _audit_guard

APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
MIGRATIONS = [path for app in APPS for path in sorted((settings.BASE_DIR / app / "migrations").glob("*.py"))]


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_migration_imports_nothing_of_the_running_code(path):
    imported = re.findall(rf"^(?:from|import) ((?:{'|'.join(APPS)})[\w.]*)", path.read_text(), re.MULTILINE)

    assert all(name.endswith(".migrations") for name in imported)
    assert not re.search(rf"(?:default|field)=(?:{'|'.join(APPS)})\.", path.read_text())


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL guards the tables by roles")
def test_the_migration_creates_the_same_triggers_as_the_code():
    """Both ways create the same triggers; those of the test database are dropped first."""
    guard_audit_tables(connection)
    by_code = _triggers()
    unguard_audit_tables(connection)
    _audit_guard.guard(None, SimpleNamespace(connection=connection))

    assert len(by_code) == 9
    assert _triggers() == by_code


def _triggers() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return set(cursor.fetchall())
