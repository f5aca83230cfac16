import secrets
import uuid

import django.db.models.deletion
from django.db import migrations, models

ALPHABET, LENGTH = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 10


def number_suggestions(apps, schema_editor):
    """Give every suggestion a random number."""
    for suggestion in apps.get_model("accountability", "Suggestion").objects.filter(number=None):
        suggestion.number = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        suggestion.save(update_fields=["number"])


def return_to_new(apps, schema_editor):
    """Call a suggestion in hand received, as the version before knows no other state for it."""
    apps.get_model("accountability", "Suggestion").objects.filter(state="in_hand").update(state="new")


class Migration(migrations.Migration):

    dependencies = [
        ("accountability", "0002_recount_signatures"),
    ]

    operations = [
        migrations.AddField(
            model_name="suggestion",
            name="number",
            field=models.CharField(max_length=10, null=True, verbose_name="建议编号"),
        ),
        migrations.RunPython(number_suggestions, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="suggestion",
            name="number",
            field=models.CharField(max_length=10, unique=True, verbose_name="建议编号"),
        ),
        migrations.AlterField(
            model_name="suggestion",
            name="state",
            field=models.CharField(
                choices=[("new", "已收到"), ("in_hand", "办理中"), ("adopted", "已采纳"), ("declined", "未采纳")],
                default="new",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        migrations.RemoveConstraint(model_name="suggestion", name="a_handled_suggestion_has_its_reply"),
        migrations.RunPython(migrations.RunPython.noop, return_to_new),
        migrations.AddConstraint(
            model_name="suggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(("reply", ""), ("state__in", ("new", "in_hand")))
                | ~models.Q(("state__in", ("new", "in_hand"))) & ~models.Q(("reply", "")),
                name="a_handled_suggestion_has_its_reply",
            ),
        ),
        migrations.CreateModel(
            name="FollowUpRemark",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("text", models.TextField(verbose_name="意见")),
                ("is_passed_on", models.BooleanField(default=False, verbose_name="已转交单位")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remarks",
                        to="accountability.case",
                        verbose_name="问责事项",
                    ),
                ),
            ],
            options={
                "verbose_name": "整改评价意见",
                "verbose_name_plural": "整改评价意见",
                "ordering": ["case", "id"],
            },
        ),
    ]
