"""Freeze a copy of the profile (机构信息) into each round; rounds frozen before have what they said then."""

from django.conf import settings
from django.db import migrations, models

# The profile of all rounds before, as far as the settings did not name something else.
BEFORE = {
    "district": "南川区",
    "site_name": "南川区最难办事科室群众评",
    "short_name": "南川群众评",
    "office": "南川区最难办事科室群众评办公室",
    "address": "区纪委监委机关内",
    "phone": "",
    "sign": "南川评议办",
    "commission": "南川区纪委监委",
    "leading_group": "南川区最难办事科室群众评领导小组",
    "newspaper": "南川日报",
    "paper_head": "南川区最难办事科室群众评办公室",
    "paper_code": "南评办",
    "place_names": ["重庆市南川区", "重庆市南川", "南川区", "南川", "区"],
    "colour": "blue",
    "logo": "",
}


def freeze(apps, schema_editor):
    """Give the rounds that are frozen already the profile that their pages and papers have shown."""
    profile = {**BEFORE, **getattr(settings, "PROFILE", {})}
    apps.get_model("evaluations", "Round").objects.exclude(state="draft").update(profile=profile)


class Migration(migrations.Migration):

    dependencies = [
        ('evaluations', '0013_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='round',
            name='profile',
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name='机构信息（锁定）'),
        ),
        migrations.RunPython(freeze, migrations.RunPython.noop),
    ]
