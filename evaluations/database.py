"""The few things that no ORM call says: table locks, emptying and scrubbing (docs/ballot-box.md)."""

from collections.abc import Iterable

from django.core.management.color import no_style
from django.db import connection, models


def lock_tables(*tables: type[models.Model]) -> None:
    """Wait for running writers of the tables and keep new ones out until the transaction ends.

    Writers claim a code first and fill the spool second: lock in that order, or both sides wait for ever.
    SQLite needs nothing: its IMMEDIATE transactions come one after another.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"LOCK TABLE {_name(table)} IN ACCESS EXCLUSIVE MODE")


def empty_tables(*tables: type[models.Model]) -> None:
    """Empty whole tables so that no dead row stays behind: TRUNCATE, on SQLite DELETE with secure_delete."""
    connection.check_constraints()  # TRUNCATE refuses a table with constraint checks still pending
    statements = connection.ops.sql_flush(no_style(), [table._meta.db_table for table in tables])
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def scrub(tables: Iterable[type[models.Model]]) -> None:
    """Rewrite tables on disk after the transaction, so that dead rows tell no order; not inside a transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"VACUUM FULL {_name(table)}")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("VACUUM")


def _name(table: type[models.Model]) -> str:
    return connection.ops.quote_name(table._meta.db_table)
