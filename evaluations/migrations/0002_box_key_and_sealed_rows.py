import django.db.models.deletion
import uuid
from django.core.management.base import CommandError
from django.db import migrations, models


def refuse_during_a_vote(apps, schema_editor):
    """A readable spool cannot be sealed afterwards, and a round opened without a key cannot be given one."""
    is_voting = apps.get_model("evaluations", "Round").objects.filter(state="open").exists()
    if is_voting or apps.get_model("evaluations", "BallotSpool").objects.exists():
        raise CommandError("有轮次正在评议，或者还有待封箱的评议票，数据库没有改动。请先封箱再升级。")


def erase_readable_keyings(apps, schema_editor):
    """Keyings are encrypted from now on; void rounds may still hold some in clear."""
    apps.get_model("evaluations", "PaperSheet").objects.exclude(first="", second="").update(first="", second="")


def add_rules_to_drafts(apps, schema_editor):
    """Rounds in preparation get the two new rules; a frozen rulebook without them means a key kept by the server."""
    for round_ in apps.get_model("evaluations", "Round").objects.filter(state="draft"):
        supervisors = round_.rulebook.get("supervisors")
        fits = isinstance(supervisors, int) and 2 <= supervisors <= 15
        most = max(2, min(3, supervisors), supervisors // 2 + 1) if fits else 3
        round_.rulebook |= {"box_key": "supervisors" if fits else "server", "box_needed": most}
        round_.save(update_fields=["rulebook"])


def take_rules_from_drafts(apps, schema_editor):
    for round_ in apps.get_model("evaluations", "Round").objects.filter(state="draft"):
        for rule in ("box_key", "box_needed"):
            round_.rulebook.pop(rule, None)
        round_.save(update_fields=["rulebook"])


class Migration(migrations.Migration):

    # It refuses an upgrade while ballots wait: nothing of any app may have changed before.
    run_before = [("departments", "0002_unit_names")]
    dependencies = [
        ('evaluations', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(refuse_during_a_vote, refuse_during_a_vote),
        migrations.RunPython(erase_readable_keyings, erase_readable_keyings),
        migrations.RunPython(add_rules_to_drafts, take_rules_from_drafts),
        migrations.CreateModel(
            name='BoxCard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('card', models.CharField(max_length=3, verbose_name='卡号')),
                ('share_sha256', models.CharField(max_length=64, verbose_name='密钥卡校验值')),
                ('held_sha256', models.CharField(max_length=64, verbose_name='领卡确认码校验值')),
                ('held_at', models.DateTimeField(null=True, verbose_name='确认领取时间')),
                ('lost_at', models.DateTimeField(null=True, verbose_name='报告遗失时间')),
            ],
            options={
                'verbose_name': '密钥卡',
                'verbose_name_plural': '密钥卡',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='BoxKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_id', models.CharField(max_length=64, unique=True, verbose_name='票箱公钥校验值')),
                ('record', models.TextField(verbose_name='密钥登记（原文）')),
                ('record_sha256', models.CharField(max_length=64, verbose_name='密钥登记校验值')),
                ('row_key', models.TextField(blank=True, help_text='开箱后清空', verbose_name='写入验证密钥')),
                ('seed', models.TextField(blank=True, help_text='仅由系统保管密钥的轮次有，开箱后清空', verbose_name='密钥种子')),
                ('made_at', models.DateTimeField(verbose_name='启用时间')),
                ('replaced_at', models.DateTimeField(null=True, verbose_name='作废时间')),
                ('opened_at', models.DateTimeField(null=True, verbose_name='开箱时间')),
            ],
            options={
                'verbose_name': '票箱密钥',
                'verbose_name_plural': '票箱密钥',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='SetAsideBallot',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('channel', models.CharField(choices=[('targeted', '定向评议'), ('sampled', '抽样评议'), ('other', '其他评议')], max_length=10, verbose_name='渠道')),
                ('origin', models.CharField(choices=[('issued', '发放票号'), ('newspaper', '报纸'), ('website', '网站'), ('hall', '服务大厅'), ('open', '网上领票')], max_length=12, verbose_name='来源')),
                ('reason', models.CharField(choices=[('undecryptable', '无法解密'), ('malformed', '内容不完整'), ('foreign', '不是本系统写入'), ('misplaced', '轮次、渠道或来源与登记不符'), ('repeated', '重复'), ('invalid', '评议内容不合评议表')], max_length=14, verbose_name='原因')),
                ('sealed', models.BinaryField(verbose_name='密文')),
            ],
            options={
                'verbose_name': '搁置的评议票',
                'verbose_name_plural': '搁置的评议票',
                'ordering': ['id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='ballotspool',
            name='a_receipt_stands_once_in_the_spool',
        ),
        migrations.RemoveField(
            model_name='ballotspool',
            name='comment',
        ),
        migrations.RemoveField(
            model_name='ballotspool',
            name='nonce',
        ),
        migrations.RemoveField(
            model_name='ballotspool',
            name='receipt',
        ),
        migrations.RemoveField(
            model_name='ballotspool',
            name='vote',
        ),
        migrations.AddField(
            model_name='ballotspool',
            name='sealed',
            field=models.BinaryField(default=b'', verbose_name='密文'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='round',
            name='box_key',
            field=models.CharField(blank=True, editable=False, max_length=64, verbose_name='票箱公钥校验值'),
        ),
        migrations.AlterField(
            model_name='ballotspool',
            name='id',
            field=models.UUIDField(primary_key=True, serialize=False),
        ),
        migrations.AddField(
            model_name='boxcard',
            name='holder',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evaluations.drawentry', verbose_name='持卡监督员'),
        ),
        migrations.AddField(
            model_name='boxkey',
            name='round',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='box_keys', to='evaluations.round', verbose_name='轮次'),
        ),
        migrations.AddField(
            model_name='boxcard',
            name='box',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cards', to='evaluations.boxkey', verbose_name='票箱密钥'),
        ),
        migrations.AddField(
            model_name='setasideballot',
            name='round',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='set_aside', to='evaluations.round', verbose_name='轮次'),
        ),
        migrations.AddConstraint(
            model_name='boxcard',
            constraint=models.UniqueConstraint(fields=('box', 'card'), name='a_card_stands_once_in_a_key'),
        ),
    ]
