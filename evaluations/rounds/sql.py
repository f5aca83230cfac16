"""The open round by one plain SELECT: every visit to the entrance asks for it."""

from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection

# Built by the ORM it costs as much as the rest of the page.
OPEN_ROUND = """
    SELECT key, name, closes_at, is_demo, box_key, EXISTS (
        SELECT 1 FROM evaluations_codebatch b
        WHERE b.round_id = r.id AND b.is_self_service AND b.is_open AND NOT b.is_halted
    ) FROM evaluations_round r
    WHERE state = 'open' AND opens_at <= %s AND closes_at > %s
"""


class OpenRound(NamedTuple):
    """The round that takes ballots, as the entrance shows it: without its ballot form and rulebook.

    `takes_visitors` is true if a code can be claimed on the web.
    """

    key: str
    name: str
    closes_at: datetime
    is_demo: bool
    box_key: str
    takes_visitors: bool


def read_open_round(at: datetime) -> OpenRound | None:
    """Return the round whose ballots are accepted at that moment, if any (one query)."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ROUND, [moment, moment])
        row = cursor.fetchone()
    if row is None:
        return None
    key, name, closes_at, is_demo, box_key, takes_visitors = row
    if isinstance(closes_at, str):  # SQLite keeps text in UTC
        closes_at = datetime.fromisoformat(closes_at)
    until = closes_at if closes_at.tzinfo else closes_at.replace(tzinfo=UTC)
    return OpenRound(key, name, until, bool(is_demo), box_key, bool(takes_visitors))
