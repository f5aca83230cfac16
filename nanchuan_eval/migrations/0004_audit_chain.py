"""The chain of traces: rows written before it are linked in their order; from now on SQLite refuses to change any."""

from datetime import UTC

from django.db import migrations, models

from nanchuan_eval.database import guard_audit_tables
from nanchuan_eval.rules import chain


def link_rows(apps, schema_editor):
    AuditEntry = apps.get_model("nanchuan_eval", "AuditEntry")
    prev, seq = chain.GENESIS, 0
    for seq, entry in enumerate(AuditEntry.objects.order_by("pk"), start=1):
        fields = {
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": entry.actor_id,
            "role": entry.role,
            "session": entry.session,
            "address": entry.address,
            "action": entry.action,
            "object_type": entry.object_type,
            "object_id": entry.object_id,
            "result": entry.result,
            "reason": entry.reason,
            "detail": entry.detail,
            "seq": seq,
            "alg": entry.algorithm,
        }
        entry.seq, entry.prev, entry.hash = seq, prev, chain.link_hash(prev, fields)
        entry.save(update_fields=["seq", "prev", "hash"])
        prev = entry.hash
    apps.get_model("nanchuan_eval", "AuditHead").objects.create(pk=1, seq=seq, hash=prev)


def guard(apps, schema_editor):
    guard_audit_tables(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [("nanchuan_eval", "0003_approvals")]

    operations = [
        migrations.CreateModel(
            name="AuditAnchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveBigIntegerField(verbose_name="序号")),
                ("hash", models.CharField(max_length=64, verbose_name="指纹")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("occasion", models.CharField(max_length=80, verbose_name="事由")),
            ],
            options={"verbose_name": "日志锚点", "verbose_name_plural": "日志锚点", "ordering": ["seq", "pk"]},
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveBigIntegerField(default=0, verbose_name="序号")),
                ("hash", models.CharField(default=chain.GENESIS, max_length=64, verbose_name="指纹")),
            ],
            options={"verbose_name": "日志链头", "verbose_name_plural": "日志链头"},
        ),
        migrations.AddField("auditentry", "seq", models.PositiveBigIntegerField(null=True, verbose_name="序号")),
        migrations.AddField("auditentry", "session", models.CharField(blank=True, max_length=16, verbose_name="会话指纹", default=""), preserve_default=False),
        migrations.AddField("auditentry", "address", models.CharField(blank=True, max_length=45, verbose_name="来源地址", default=""), preserve_default=False),
        migrations.AddField("auditentry", "algorithm", models.CharField(default=chain.ALGORITHM, max_length=10, verbose_name="算法")),
        migrations.AddField("auditentry", "prev", models.CharField(max_length=64, verbose_name="前一条指纹", default=""), preserve_default=False),
        migrations.AddField("auditentry", "hash", models.CharField(max_length=64, verbose_name="本条指纹", default=""), preserve_default=False),
        migrations.RunPython(link_rows, migrations.RunPython.noop),
        migrations.AlterField("auditentry", "seq", models.PositiveBigIntegerField(unique=True, verbose_name="序号")),
        migrations.AlterModelOptions("auditentry", {"verbose_name": "操作留痕", "verbose_name_plural": "操作留痕", "ordering": ["-seq"]}),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
