"""What a PostgreSQL server says of its settings, of the application's role, and of its databases."""

from collections.abc import Iterable
from pathlib import Path

from django.db import connection

from nanchuan_eval.audit import sql as audit_sql


def settings_in_force(names: Iterable[str]) -> dict[str, str]:
    """Return the server's settings as they are in force (one query)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
        return dict(cursor.fetchall())


def loaded_modules(named: Iterable[str]) -> frozenset[str]:
    """Return the modules that are loaded into the server.

    Only a superuser may read most settings that name them (`named`), but everybody sees the settings a module brings.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT split_part(name, '.', 1) FROM pg_settings WHERE name LIKE '%.%'")
        bringing = {name for (name,) in cursor.fetchall()}
    listed = ",".join(settings_in_force(named).values())
    return frozenset(bringing | {Path(name.strip(' "')).stem for name in listed.split(",") if name.strip(' "')})


def is_superuser() -> bool:
    """True if the application connects as the server's superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def changeable_log_tables() -> list[str]:
    """Return the tables of the audit log whose rows the application's role could change, delete or empty."""
    return audit_sql.changeable_log_tables(connection)


def databases_like(beginning: str) -> list[str]:
    """Return the server's databases whose names begin so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [beginning])
        return sorted(name for (name,) in cursor.fetchall())
