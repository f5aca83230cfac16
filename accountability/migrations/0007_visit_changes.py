import django.db.models.deletion
from django.conf import settings
from django.core.management.base import CommandError
from django.db import migrations, models


def refuse_to_forget(apps, schema_editor):
    """Refuse to go back to a version that knows neither cancelled visits nor those to sections with too few ballots."""
    visits = apps.get_model("accountability", "Inspection").objects
    if apps.get_model("accountability", "VisitChange").objects.exists() or visits.filter(target="too_few").exists():
        raise CommandError("已有暗访改期、取消或者样本不足补查的记录，不能退回到不识别这些记录的旧版本。")


class Migration(migrations.Migration):

    dependencies = [
        ("accountability", "0006_talk_plans"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="inspection",
            name="state",
            field=models.CharField(
                choices=[
                    ("planned", "待派员"),
                    ("assigned", "已派员"),
                    ("submitted", "已提交"),
                    ("approved", "已审定"),
                    ("cancelled", "已取消"),
                ],
                default="planned",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="target",
            field=models.CharField(
                choices=[
                    ("listed", "上榜科室"),
                    ("too_few", "样本不足补查"),
                    ("drawn", "随机抽查"),
                    ("return", "回访复查"),
                ],
                max_length=10,
                verbose_name="对象来源",
            ),
        ),
        migrations.CreateModel(
            name="VisitChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField(verbose_name="原定日期")),
                ("to_on", models.DateField(null=True, verbose_name="改至日期")),
                ("reason", models.CharField(max_length=300, verbose_name="理由")),
                ("at", models.DateTimeField(verbose_name="办理时间")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="办理人",
                    ),
                ),
                (
                    "inspection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="accountability.inspection",
                        verbose_name="暗访",
                    ),
                ),
            ],
            options={
                "verbose_name": "暗访改期和取消",
                "verbose_name_plural": "暗访改期和取消",
                "ordering": ["inspection", "at", "pk"],
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_to_forget),
    ]
