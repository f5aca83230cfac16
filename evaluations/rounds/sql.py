"""Rounds: sql."""

from datetime import UTC, datetime

from django.db import connection

# Asked at every look at the entrance; built by the ORM it costs as much as the whole page.
OPEN_ROUND = """
    SELECT key, name, closes_at, is_demo FROM evaluations_round
    WHERE state = 'open' AND opens_at <= %s AND closes_at > %s
"""


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
