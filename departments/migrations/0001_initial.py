import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Department',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, unique=True, validators=[django.core.validators.RegexValidator('^[0-9A-Za-z-]+\\Z', '代码只能用字母、数字和短横线。')], verbose_name='单位代码')),
                ('name', models.CharField(max_length=60, verbose_name='单位')),
                ('kind', models.CharField(choices=[('administrative', '行政部门'), ('institution', '事业单位'), ('utility', '公用企业')], max_length=20, verbose_name='单位性质')),
                ('is_vertical', models.BooleanField(default=False, verbose_name='垂直管理')),
                ('superior', models.CharField(blank=True, max_length=60, verbose_name='上级主管单位')),
                ('chief_leader', models.CharField(blank=True, max_length=40, verbose_name='主要领导')),
                ('leader_in_charge', models.CharField(blank=True, max_length=40, verbose_name='分管领导')),
                ('is_active', models.BooleanField(default=True, verbose_name='参评')),
            ],
            options={
                'verbose_name': '部门单位',
                'verbose_name_plural': '部门单位',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='Section',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(error_messages={'unique': '该代码已有科室使用（含不再参评的科室），请换一个。'}, max_length=20, unique=True, validators=[django.core.validators.RegexValidator('^[0-9A-Za-z-]+\\Z', '代码只能用字母、数字和短横线。')], verbose_name='科室代码')),
                ('name', models.CharField(max_length=60, verbose_name='科室')),
                ('service_kind', models.CharField(choices=[('approval', '行政审批'), ('service', '行政服务'), ('enforcement', '行政执法'), ('utility', '公用事业')], max_length=20, verbose_name='服务类型')),
                ('is_active', models.BooleanField(default=True, verbose_name='参评')),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sections', to='departments.department', verbose_name='单位')),
            ],
            options={
                'verbose_name': '科室',
                'verbose_name_plural': '科室',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='SectionChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('renamed', '更名'), ('merged', '合并'), ('split', '拆分'), ('moved', '转隶'), ('abolished', '撤销')], max_length=10, verbose_name='种类')),
                ('on', models.DateField(verbose_name='日期')),
                ('earlier_name', models.CharField(max_length=60, verbose_name='原名称')),
                ('earlier_department_name', models.CharField(max_length=60, verbose_name='原单位')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='依据')),
                ('earlier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes_from', to='departments.section', verbose_name='原科室')),
                ('later', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes_to', to='departments.section', verbose_name='现科室')),
            ],
            options={
                'verbose_name': '科室沿革',
                'verbose_name_plural': '科室沿革',
                'ordering': ['on', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Tenure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='科室负责人')),
                ('starts_on', models.DateField(verbose_name='任职日期')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='离任日期')),
                ('leaving', models.CharField(blank=True, choices=[('transferred', '调任'), ('retired', '退休'), ('left', '离职')], max_length=12, verbose_name='离任原因')),
                ('section', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tenures', to='departments.section', verbose_name='科室')),
            ],
            options={
                'verbose_name': '科室负责人任职',
                'verbose_name_plural': '科室负责人任职',
                'ordering': ['section', 'starts_on'],
            },
        ),
        migrations.AddConstraint(
            model_name='section',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('department', 'name'), name='active_section_name_is_unique_in_department', violation_error_message='同一单位内已有同名的参评科室。'),
        ),
        migrations.AddConstraint(
            model_name='tenure',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='tenure_ends_after_it_starts', violation_error_message='离任日期不能早于任职日期。'),
        ),
    ]
