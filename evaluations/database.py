"""The few things that the ORM cannot say, or only at a price: claiming a code, locks, emptying, scrubbing."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection, models

COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
# The busiest statement of all; built by the ORM it costs more than the rest of a vote together.
# Its whole condition on the credential stands in the outer WHERE, because a second voter who waited for the
# row lock re-checks just that part: a subquery would still see the code unspent.
CLAIM = """
    UPDATE evaluations_credential SET spend = %s
    WHERE issue = %s AND batch_id = %s AND spend IS NULL AND NOT is_void AND EXISTS (
        SELECT 1 FROM evaluations_codebatch b INNER JOIN evaluations_round r ON r.id = b.round_id
        WHERE b.id = batch_id AND b.is_open AND NOT b.is_halted
        AND r.state = 'open' AND r.opens_at <= %s AND r.closes_at > %s)
"""


# Asked at every look at the entrance; built by the ORM it costs as much as the whole page.
OPEN_ROUND = """
    SELECT key, name, closes_at, is_demo FROM evaluations_round
    WHERE state = 'open' AND opens_at <= %s AND closes_at > %s
"""
# Statement -> how often it names the round. The rows never leave the database: memory stays flat.
REWRITE = {
    """CREATE TEMPORARY TABLE rewritten_credential AS
        SELECT * FROM evaluations_credential
        WHERE batch_id IN (SELECT id FROM evaluations_codebatch WHERE round_id = %s)""": 1,
    """DELETE FROM evaluations_credential
        WHERE batch_id IN (SELECT id FROM evaluations_codebatch WHERE round_id = %s)""": 1,
    "INSERT INTO evaluations_credential SELECT * FROM rewritten_credential ORDER BY issue": 0,
    "DROP TABLE rewritten_credential": 0,
}


def claim_code(*, issue: str, spend: str, batch: int, at: datetime) -> bool:
    """Spend an unspent code of an open batch while its round accepts ballots; say whether it was there."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [spend, issue, batch, moment, moment])
        return bool(cursor.rowcount)


def read_open_round(at: datetime) -> tuple[str, str, datetime, bool] | None:
    """Return key, name, closing time and mark of the round that takes ballots: the one question of the entrance."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ROUND, [moment, moment])
        row = cursor.fetchone()
    if row is None:
        return None
    closes_at = datetime.fromisoformat(row[2]) if isinstance(row[2], str) else row[2]  # SQLite keeps text in UTC
    return row[0], row[1], closes_at if closes_at.tzinfo else closes_at.replace(tzinfo=UTC), bool(row[3])


def fill_spool(ballot: models.Model) -> None:
    """Insert one new row as it is: what the ORM adds to this (signals, states, a plan) costs as much again."""
    fields = ballot._meta.concrete_fields
    columns = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    values = [field.get_db_prep_save(getattr(ballot, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {_name(type(ballot))} ({columns}) VALUES ({marks})", values)  # noqa: S608  our own names


def insert_rows(table: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ready values in the order given: by COPY on PostgreSQL, by one prepared statement on SQLite."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = "".join("\t".join(map(_copied, row)) + "\n" for row in rows)
            cursor.copy_expert(f"COPY {_name(table)} ({names}) FROM STDIN", io.StringIO(lines))
        else:
            marks = ", ".join(["%s"] * len(columns))
            values = [[item.hex if isinstance(item, UUID) else item for item in row] for row in rows]
            cursor.executemany(f"INSERT INTO {_name(table)} ({names}) VALUES ({marks})", values)  # noqa: S608  our own names


def rewrite_credentials(round_id: int) -> None:
    """Write a round's credentials anew in the order of I: their old order is that of casting."""
    with connection.cursor() as cursor:
        for statement, values in REWRITE.items():
            cursor.execute(statement, [round_id] * values)


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


def _copied(item: Any) -> str:
    """Return a value in COPY's text form."""
    if item is None:
        return "\\N"
    # Only text can hold what COPY would misread; numbers, truth values and UUIDs are most of a box.
    return item.translate(COPY_ESCAPES) if isinstance(item, str) else str(item)


def _name(table: type[models.Model]) -> str:
    return connection.ops.quote_name(table._meta.db_table)
