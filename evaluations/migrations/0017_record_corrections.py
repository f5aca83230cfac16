"""Corrections of service records: a corrected record stays, its newer version stands in its place."""

from django.db import migrations, models


def refuse_with_corrections(apps, schema_editor):
    """Going back would leave two records of one number; the former program would count both."""
    if apps.get_model('evaluations', 'RecordBatch').objects.filter(is_correction=True).exists():
        raise RuntimeError('已有办件更正，不能退回以前的版本。')


class Migration(migrations.Migration):

    dependencies = [
        ('departments', '0003_unit_reforms'),
        ('evaluations', '0016_witnesses_example'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='servicerecord',
            name='a_record_stands_once_in_its_unit',
        ),
        migrations.AddField(
            model_name='recordbatch',
            name='is_correction',
            field=models.BooleanField(db_default=False, default=False, help_text='代替以前批次中的办件', verbose_name='更正批次'),
        ),
        migrations.AddField(
            model_name='servicerecord',
            name='is_corrected',
            field=models.BooleanField(db_default=False, default=False, help_text='以更正后的办件为准', verbose_name='已更正'),
        ),
        migrations.AddField(
            model_name='servicerecord',
            name='version',
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name='第几版'),
        ),
        migrations.AddConstraint(
            model_name='servicerecord',
            constraint=models.UniqueConstraint(fields=('unit', 'number', 'version'), name='a_record_stands_once_in_its_unit'),
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_with_corrections),
    ]
