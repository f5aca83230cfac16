"""The time of the database's server."""

from datetime import datetime

from django.db import connection


def database_time() -> datetime | None:
    """Return the time of the database's server; None for SQLite, which has no server."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment
