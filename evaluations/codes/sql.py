"""Codes: sql."""

from datetime import datetime

from django.db import connection

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


def rewrite_credentials(round_id: int) -> None:
    """Write a round's credentials anew in the order of I: their old order is that of casting."""
    with connection.cursor() as cursor:
        for statement, values in REWRITE.items():
            cursor.execute(statement, [round_id] * values)
