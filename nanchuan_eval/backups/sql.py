"""What PostgreSQL says of the databases beside the site's own."""

from django.db import connection

# Of the site's role, with nobody connected: each with its comment.
IDLE = """
SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database
WHERE datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pg_stat_activity.datname = pg_database.datname)
"""


def idle_databases() -> list[tuple[str, str]]:
    """Return the role's databases to which nobody is connected, each with its comment (one query)."""
    with connection.cursor() as cursor:
        cursor.execute(IDLE)
        return [(str(name), str(comment)) for name, comment in cursor.fetchall()]


def comment_on_database(name: str, comment: str) -> None:
    """Give a database a comment."""
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON DATABASE {connection.ops.quote_name(name)} IS %s", [comment])
