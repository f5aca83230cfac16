"""Personal data: phones encrypted under FIELD_KEY and looked up by a keyed hash; the round keeps its privacy notice."""

from django.db import migrations, models

from nanchuan_eval.encryption import EncryptedField, encrypt, keyed_hash


def encrypt_phones(apps, schema_editor):
    PoolEntry = apps.get_model("evaluations", "PoolEntry")
    for entry in PoolEntry.objects.exclude(phone="").iterator():
        entry.phone_hash, entry.phone = keyed_hash(entry.phone), encrypt(entry.phone)
        entry.save(update_fields=["phone", "phone_hash"])


class Migration(migrations.Migration):

    dependencies = [("evaluations", "0007_ceremony")]

    operations = [
        migrations.AddField("round", "privacy_notice", models.JSONField(blank=True, default=dict, editable=False, verbose_name="个人信息说明（冻结）")),
        migrations.RemoveConstraint("poolentry", "a_phone_stands_once_in_a_pool"),
        migrations.AddField("poolentry", "phone_hash", models.CharField(default="", max_length=64, verbose_name="手机号摘要"), preserve_default=False),
        migrations.AlterField("poolentry", "phone", models.TextField(blank=True, verbose_name="手机号")),
        migrations.RunPython(encrypt_phones, migrations.RunPython.noop),
        migrations.AlterField("poolentry", "phone", EncryptedField(blank=True, verbose_name="手机号")),
        migrations.AddConstraint("poolentry", models.UniqueConstraint(fields=("round", "kind", "phone_hash"), name="a_phone_stands_once_in_a_pool")),
    ]
