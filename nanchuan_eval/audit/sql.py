"""Append-only protection of the audit log in the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

GUARDED = ("nanchuan_eval_auditentry", "nanchuan_eval_auditanchor")
KEEPER = "nanchuan_audit"
# SQLite's triggers: table, name, event, condition. INSERT OR REPLACE deletes without firing the trigger on DELETE.
TRIGGERS = (
    ("nanchuan_eval_auditentry", "no_update", "UPDATE", ""),
    ("nanchuan_eval_auditentry", "no_delete", "DELETE", ""),
    ("nanchuan_eval_auditentry", "no_replace", "INSERT", "id = NEW.id OR seq = NEW.seq"),
    ("nanchuan_eval_auditanchor", "no_update", "UPDATE", ""),
    ("nanchuan_eval_auditanchor", "no_delete", "DELETE", ""),
    ("nanchuan_eval_auditanchor", "no_replace", "INSERT", "id = NEW.id"),
    ("nanchuan_eval_audithead", "no_return", "UPDATE", "id = NEW.id AND seq > NEW.seq"),
    ("nanchuan_eval_audithead", "no_delete", "DELETE", ""),
    ("nanchuan_eval_audithead", "no_replace", "INSERT", "id = NEW.id"),
)


def guard_audit_tables(connection: BaseDatabaseWrapper) -> None:
    """Create SQLite's triggers; PostgreSQL is protected by roles (`separate_audit_role`)."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for table, name, verb, clash in TRIGGERS:
            when = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {clash})" if clash else ""  # noqa: S608  our own names
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {table}_{name} BEFORE {verb} ON {table} {when} "
                "BEGIN SELECT RAISE(ABORT, '操作日志只能增加，不能更改。'); END"
            )


def unguard_audit_tables(connection: BaseDatabaseWrapper) -> None:
    """Drop SQLite's triggers: to remove archived rows, and for tests, which empty all tables."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for table, name, *_ in TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{name}")


@contextmanager
def unguarded(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Drop SQLite's triggers while archived rows are removed; on PostgreSQL only the tables' owner may remove them."""
    was_guarded = is_guarded(connection)
    unguard_audit_tables(connection)
    try:
        yield
    finally:
        if was_guarded:
            guard_audit_tables(connection)


def is_guarded(connection: BaseDatabaseWrapper) -> bool:
    """True if SQLite's triggers exist."""
    if connection.vendor != "sqlite":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = %s", [f"{GUARDED[0]}_no_delete"])
        return cursor.fetchone() is not None


def separation(connection: BaseDatabaseWrapper, application: str) -> list[str]:
    """Return the statements of `separate_audit_role`, for `psql` on the database's machine."""
    role = connection.ops.quote_name(application)
    statements = [
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{KEEPER}')"
        f" THEN CREATE ROLE {KEEPER} NOLOGIN; END IF; END $$",
        # Whoever owns the schema can drop every table in it; from PostgreSQL 15 on that is the database's owner.
        f"ALTER SCHEMA public OWNER TO {KEEPER}",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {role}",
    ]
    for table in GUARDED:
        statements += [
            f"ALTER TABLE {table} OWNER TO {KEEPER}",
            f"REVOKE ALL ON {table} FROM PUBLIC, {role}",
            f"GRANT SELECT, INSERT ON {table} TO {role}",
            f"GRANT USAGE, SELECT ON SEQUENCE {table}_id_seq TO {role}",
        ]
    return statements


def separate_audit_role(connection: BaseDatabaseWrapper, application: str) -> None:
    """Make a role without log-in own the audit log; the application's role may read and append (PostgreSQL)."""
    with connection.cursor() as cursor:
        for statement in separation(connection, application):
            cursor.execute(statement)


def changeable_log_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the tables of the log that the application's role could change, empty or drop (PostgreSQL)."""
    rights = (
        "(has_table_privilege(current_user, relname::text, 'UPDATE, DELETE, TRUNCATE')"
        " OR pg_has_role(current_user, (SELECT nspowner FROM pg_namespace WHERE oid = relnamespace), 'USAGE'))"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r' AND {rights}",  # noqa: S608  our own text
            [list(GUARDED)],
        )
        return [name for (name,) in cursor.fetchall()]


def role_exists(connection: BaseDatabaseWrapper, role: str) -> bool:
    """True if the PostgreSQL server has the role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        return cursor.fetchone() is not None
