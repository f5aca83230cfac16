"""The audit tables' first state: the head of an empty chain and, on SQLite, the triggers that keep rows as they are."""

GENESIS = "0000000000000000000000000000000000000000000000000000000000000000"
# table, name, when it refuses, and for inserts the clash: INSERT OR REPLACE deletes without firing a DELETE trigger.
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


def begin_chain(apps, schema_editor):
    """Create the head of the empty chain."""
    apps.get_model("nanchuan_eval", "AuditHead").objects.create(pk=1, seq=0, hash=GENESIS)


def guard(apps, schema_editor):
    """Create SQLite's triggers; on PostgreSQL roles guard the tables (`separate_audit_role`)."""
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, name, verb, clash in TRIGGERS:
            when = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {clash})" if clash else ""
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {table}_{name} BEFORE {verb} ON {table} {when} "
                "BEGIN SELECT RAISE(ABORT, '操作日志只能增加，不能更改。'); END"
            )
