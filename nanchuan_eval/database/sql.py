"""Bulk SQL that the ORM cannot express."""

import io
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection, connections, models, transaction
from django.db.models.expressions import RawSQL

COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
# A dump keeps tables locked while it runs: nobody waits for it, the next rewriting does the work.
REWRITING_WAITS = "2s"


def fill_spool(ballot: models.Model) -> None:
    """Insert one row; the ORM's overhead (signals, states) would double the time."""
    fields = ballot._meta.concrete_fields
    columns = ", ".join(str(field.column) for field in fields)
    placeholders = ", ".join(["%s"] * len(fields))
    values = [field.get_db_prep_save(getattr(ballot, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {_name(type(ballot))} ({columns}) VALUES ({placeholders})", values)  # noqa: S608  our own names


def insert_rows(table: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows in the given order: by COPY on PostgreSQL, by one prepared statement on SQLite."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = "".join("\t".join(map(_copied, row)) + "\n" for row in rows)
            cursor.copy_expert(f"COPY {_name(table)} ({names}) FROM STDIN", io.StringIO(lines))
        else:
            placeholders = ", ".join(["%s"] * len(columns))
            values = [[item.hex if isinstance(item, UUID) else item for item in row] for row in rows]
            cursor.executemany(f"INSERT INTO {_name(table)} ({names}) VALUES ({placeholders})", values)  # noqa: S608  our own names


def insert_objects(table: type[models.Model], objects: Iterable[models.Model]) -> None:
    """Insert unsaved objects whose primary keys are reserved."""
    fields = table._meta.concrete_fields
    rows = ([f.get_db_prep_save(getattr(one, f.attname), connection) for f in fields] for one in objects)
    insert_rows(table, [str(field.column) for field in fields], rows)


def reserve_keys(table: type[models.Model], count: int) -> list[int]:
    """Return primary keys for rows that are inserted later in the transaction: others can refer to them first."""
    key = table._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(sequence, [table._meta.db_table, key, count])
            return [int(value) for (value,) in cursor.fetchall()]
        # A transaction of SQLite is alone, and AUTOINCREMENT goes on behind the greatest key that was inserted.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table._meta.db_table])
        last = (cursor.fetchone() or (0,))[0]
        cursor.execute(f"SELECT COALESCE(MAX({key}), 0) FROM {_name(table)}")  # noqa: S608  our own names
        first = max(int(last), int(cursor.fetchone()[0])) + 1
        # Or the next call would reserve the same keys again, as long as the rows are not inserted.
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table._meta.db_table])
        cursor.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table._meta.db_table, first + count - 1]
        )
        return list(range(first, first + count))


def update_rows(table: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Set columns of the rows (primary key, then a value for each column, none of them empty), all at once."""
    known = list(rows)
    if not known:
        return
    named = ", ".join(f"{column} = changed.column{number}" for number, column in enumerate(columns, start=2))
    places = ", ".join(["(" + ", ".join(["%s"] * (len(columns) + 1)) + ")"] * len(known))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_name(table)} SET {named} FROM (VALUES {places}) AS changed"  # noqa: S608  our own names
            f" WHERE {_name(table)}.id = changed.column1",
            [value for row in known for value in row],
        )


def among(values: Iterable[str]) -> RawSQL:
    """Return texts for `field__in=…` of an indexed field as one parameter: thousands of placeholders cost more than
    the query.
    """
    known = list(values)
    if connection.vendor == "postgresql":
        # Inside the transaction that fills a table nothing is known of it. A planner that saw how long the array is
        # would read the whole table, each time more of it, instead of asking the index for each text.
        return RawSQL("SELECT unnest((SELECT %s::text[]))", [known])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(known)])


def lock_tables(*tables: type[models.Model]) -> None:
    """Wait for running writers of the tables and block new ones until the transaction ends.

    Writers claim a code first and fill the spool second: lock in that order to avoid deadlocks.
    SQLite needs no lock: its IMMEDIATE transactions are serial.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"LOCK TABLE {_name(table)} IN ACCESS EXCLUSIVE MODE")


def empty_tables(*tables: type[models.Model]) -> None:
    """Empty whole tables without leaving dead rows: TRUNCATE, on SQLite DELETE with secure_delete."""
    connection.check_constraints()  # TRUNCATE refuses a table with constraint checks still pending
    statements = connection.ops.sql_flush(no_style(), [table._meta.db_table for table in tables])
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def scrub(tables: Iterable[type[models.Model]]) -> None:
    """Rewrite tables on disk, so that dead rows reveal no order; must run outside a transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"VACUUM FULL {_name(table)}")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("VACUUM")


def rewrite_tables(*tables: type[models.Model]) -> None:
    """Write all rows of small tables anew, each table in a transaction of its own and in random order.

    Afterwards neither a row's transaction, nor its place, nor a dead version of it tells what was written together:
    TRUNCATE begins a new file, which even a reader in the middle of a long transaction does not keep dead rows in.
    """
    for table in tables:
        name = _name(table)
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SET LOCAL lock_timeout = '{REWRITING_WAITS}'")
            lock_tables(table)
            cursor.execute(f"CREATE TEMPORARY TABLE rewritten AS SELECT * FROM {name}")  # noqa: S608  our own names
            empty_tables(table)
            cursor.execute(f"INSERT INTO {name} SELECT * FROM rewritten ORDER BY random()")  # noqa: S608  our own names
            cursor.execute("DROP TABLE rewritten")


def log_position() -> int:
    """Return the position up to which the primary has written its log (WAL): all that is committed lies before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn() - '0/0'")
        return int(cursor.fetchone()[0])


def replayed_position(replica: str) -> int | None:
    """Return the position up to which a replica has replayed the log; None if it is no replica (any more)."""
    with connections[replica].cursor() as cursor:
        cursor.execute("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0' END")
        position = cursor.fetchone()[0]
        return None if position is None else int(position)


def _copied(item: Any) -> str:
    """Return a value in COPY's text format."""
    if item is None:
        return "\\N"
    # Only text needs escaping; most columns of a box are numbers, booleans and UUIDs.
    if not isinstance(item, str):
        return str(item)
    return item if item.isalnum() else item.translate(COPY_ESCAPES)


def _name(table: type[models.Model]) -> str:
    return connection.ops.quote_name(table._meta.db_table)
