"""SQLite's guard also refuses to replace a row of the trace and to move its head back."""

from django.db import migrations

from nanchuan_eval.database import guard_audit_tables


def guard(apps, schema_editor):
    guard_audit_tables(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [("nanchuan_eval", "0008_several_new_at_a_time")]

    operations = [migrations.RunPython(guard, migrations.RunPython.noop)]
