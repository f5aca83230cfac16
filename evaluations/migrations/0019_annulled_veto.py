"""A veto found wrong is annulled: it stays on record and is no longer counted."""

from django.db import migrations, models


def refuse_with_annulled(apps, schema_editor):
    """Going back would put a section first again that has been cleared."""
    if apps.get_model('evaluations', 'Veto').objects.filter(annulled_at__isnull=False).exists():
        raise RuntimeError('已有一票否决被撤销，不能退回以前的版本。')


class Migration(migrations.Migration):

    dependencies = [
        ('evaluations', '0018_kept_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='veto',
            name='annulled_at',
            field=models.DateTimeField(null=True, verbose_name='撤销时间'),
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_with_annulled),
    ]
