"""A case whose section is listed again is reopened; when it was first opened stays."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accountability', '0008_indicator_places'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='first_opened_at',
            field=models.DateTimeField(null=True, verbose_name='首次建立时间'),
        ),
    ]
