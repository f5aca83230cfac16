"""SQL on codes: claiming a code for a vote, rewriting all codes when the box is sealed."""

from datetime import datetime

from django.db import connection

# The most frequent statement; building it with the ORM would cost more than the rest of a vote.
# All conditions on the credential are in the outer WHERE: a second voter who waited for the row lock re-checks
# only that part, and a subquery would still see the code unspent.
CLAIM = """
    UPDATE evaluations_credential SET spend = %s
    WHERE issue = %s AND batch_id = %s AND spend IS NULL AND NOT is_void AND EXISTS (
        SELECT 1 FROM evaluations_codebatch b INNER JOIN evaluations_round r ON r.id = b.round_id
        WHERE b.id = batch_id AND b.is_open AND NOT b.is_halted
        AND r.state = 'open' AND r.opens_at <= %s AND r.closes_at > %s AND r.box_key = %s)
"""


# Statement -> number of round parameters. The rows never leave the database, so memory use is constant.
REWRITE = {
    """CREATE TEMPORARY TABLE rewritten_credential AS
        SELECT * FROM evaluations_credential
        WHERE batch_id IN (SELECT id FROM evaluations_codebatch WHERE round_id = %s)""": 1,
    """DELETE FROM evaluations_credential
        WHERE batch_id IN (SELECT id FROM evaluations_codebatch WHERE round_id = %s)""": 1,
    "INSERT INTO evaluations_credential SELECT * FROM rewritten_credential ORDER BY issue": 0,
    "DROP TABLE rewritten_credential": 0,
}


def claim_code(*, issue: str, spend: str, batch: int, box_key: str, at: datetime) -> bool:
    """Spend an unspent code of an open batch while its round accepts ballots to this key; True if there was one."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [spend, issue, batch, moment, moment, box_key])
        return bool(cursor.rowcount)


def rewrite_credentials(round_id: int) -> None:
    """Rewrite a round's credentials in the order of I; their physical order was that of casting."""
    with connection.cursor() as cursor:
        for statement, values in REWRITE.items():
            cursor.execute(statement, [round_id] * values)
