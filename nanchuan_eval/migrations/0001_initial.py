import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from nanchuan_eval.migrations import _audit_guard, _holidays


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='AuditAnchor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField(verbose_name='序号')),
                ('hash', models.CharField(max_length=64, verbose_name='校验值')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('occasion', models.CharField(max_length=80, verbose_name='事由')),
            ],
            options={
                'verbose_name': '日志锚点',
                'verbose_name_plural': '日志锚点',
                'ordering': ['seq', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField(default=0, verbose_name='序号')),
                ('hash', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64, verbose_name='校验值')),
            ],
            options={
                'verbose_name': '日志链头',
                'verbose_name_plural': '日志链头',
            },
        ),
        migrations.CreateModel(
            name='Backup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='文件名')),
                ('sha256', models.CharField(max_length=64, unique=True, verbose_name='校验值')),
                ('size', models.PositiveBigIntegerField(verbose_name='字节数')),
                ('made_at', models.DateTimeField(verbose_name='备份时间')),
                ('seq', models.PositiveBigIntegerField(help_text='备份时操作日志的最后一条', verbose_name='日志编号')),
                ('head', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64, verbose_name='日志校验值')),
                ('is_during_vote', models.BooleanField(default=False, verbose_name='投票期间')),
            ],
            options={
                'verbose_name': '备份',
                'verbose_name_plural': '备份',
                'ordering': ['-made_at'],
            },
        ),
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True, verbose_name='日期')),
                ('name', models.CharField(max_length=40, verbose_name='名称')),
                ('is_workday', models.BooleanField(default=False, help_text='周末调休上班时勾选', verbose_name='调休上班')),
            ],
            options={
                'verbose_name': '节假日与调休',
                'verbose_name_plural': '节假日与调休',
                'ordering': ['-day'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('username', models.CharField(max_length=40, unique=True, verbose_name='账号')),
                ('name', models.CharField(max_length=40, verbose_name='姓名')),
                ('role', models.CharField(blank=True, choices=[('S', '监督员'), ('C', '评议办工作人员'), ('H', '评议办负责人'), ('D', '纪委监委'), ('L', '单位联络员'), ('I', '暗访督查员'), ('O', '组织/考核部门'), ('SYS', '系统管理员'), ('SEC', '安全管理员'), ('AUD', '审计员')], max_length=3, verbose_name='角色')),
                ('unit_code', models.CharField(blank=True, help_text='仅单位联络员填写，如 D05', max_length=20, verbose_name='所属单位代码')),
                ('person_code', models.CharField(help_text='填写工号等，每个账号都要填写；一人有多个账号的，填写同一编号，不得自行提请、自行审批', max_length=40, verbose_name='人员编号')),
                ('is_active', models.BooleanField(default=True, verbose_name='启用')),
                ('expires_at', models.DateTimeField(blank=True, help_text='监督员账号仅当日有效；其他账号不填', null=True, verbose_name='有效期至')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='创建时间')),
                ('password_set_at', models.DateTimeField(blank=True, null=True, verbose_name='口令设置时间')),
                ('earlier_passwords', models.JSONField(blank=True, default=list, verbose_name='用过的口令（散列）')),
                ('session_stamp', models.CharField(blank=True, max_length=32, verbose_name='会话标识')),
            ],
            options={
                'verbose_name': '账号',
                'verbose_name_plural': '账号',
                'ordering': ['username'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('role', 'L'), _negated=True), models.Q(('unit_code', ''), _negated=True), _connector='OR'), name='liaison_belongs_to_a_unit', violation_error_message='单位联络员必须填写所属单位代码。')],
            },
        ),
        migrations.CreateModel(
            name='SecondFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('secret', models.TextField(verbose_name='密钥')),
                ('last_step', models.BigIntegerField(default=-1, verbose_name='最近使用的时间片')),
                ('recovery', models.JSONField(default=list, verbose_name='未用的恢复码（散列）')),
                ('failures', models.PositiveSmallIntegerField(default=0, verbose_name='连续输错次数')),
                ('blocked_until', models.DateTimeField(blank=True, null=True, verbose_name='暂停使用至')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_factor', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'verbose_name': '动态口令',
                'verbose_name_plural': '动态口令',
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60, verbose_name='事项代码')),
                ('action', models.CharField(max_length=40, verbose_name='操作')),
                ('object_type', models.CharField(max_length=60, verbose_name='对象类型')),
                ('object_id', models.CharField(max_length=80, verbose_name='对象编号')),
                ('title', models.CharField(max_length=200, verbose_name='事项')),
                ('arguments', models.JSONField(default=dict, verbose_name='参数')),
                ('content', models.JSONField(verbose_name='审批内容')),
                ('digest', models.CharField(max_length=64, verbose_name='内容校验值')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='提请理由')),
                ('proposed_at', models.DateTimeField(verbose_name='提请时间')),
                ('state', models.CharField(choices=[('pending', '待审批'), ('approved', '已同意'), ('returned', '已退回'), ('withdrawn', '已撤回'), ('stale', '已失效')], default='pending', max_length=10, verbose_name='状态')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='审批时间')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='审批意见')),
                ('spent_at', models.DateTimeField(blank=True, null=True, verbose_name='使用时间')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='审批人')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='提请人')),
            ],
            options={
                'verbose_name': '审批',
                'verbose_name_plural': '审批',
                'ordering': ['-proposed_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'pending'), models.Q(('object_type', 'contenttypes.ContentType'), _negated=True)), fields=('kind', 'object_id'), name='one_pending_proposal_per_deed_and_object', violation_error_message='这件事已经提请，正在等待审批。'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='nobody_approves_his_own_proposal', violation_error_message='不能审批自己提请的事项。'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'pending')), models.Q(models.Q(('state', 'pending'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='a_decision_has_its_time')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField(unique=True, verbose_name='序号')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('role', models.CharField(max_length=10, verbose_name='角色')),
                ('session', models.CharField(blank=True, max_length=16, verbose_name='会话标识')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='来源地址')),
                ('action', models.CharField(max_length=40, verbose_name='操作')),
                ('object_type', models.CharField(blank=True, max_length=60, verbose_name='对象类型')),
                ('object_id', models.CharField(blank=True, max_length=80, verbose_name='对象编号')),
                ('result', models.CharField(choices=[('ok', '成功'), ('denied', '无权限'), ('refused', '不符合规则')], default='ok', max_length=10, verbose_name='结果')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='理由')),
                ('detail', models.JSONField(default=dict, verbose_name='详情')),
                ('algorithm', models.CharField(default='sha256', max_length=10, verbose_name='算法')),
                ('prev', models.CharField(max_length=64, verbose_name='前一条校验值')),
                ('hash', models.CharField(max_length=64, verbose_name='本条校验值')),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
            ],
            options={
                'verbose_name': '操作日志',
                'verbose_name_plural': '操作日志',
                'ordering': ['-seq'],
                'indexes': [models.Index(fields=['object_type', 'object_id'], name='nanchuan_ev_object__a0cb23_idx')],
            },
        ),
        migrations.CreateModel(
            name='ClockRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True, verbose_name='任务')),
                ('at', models.DateTimeField(verbose_name='运行时间')),
                ('failed', models.TextField(blank=True, verbose_name='未办成的步骤')),
            ],
            options={
                'verbose_name': '定时任务',
                'verbose_name_plural': '定时任务',
                'ordering': ['name'],
            },
        ),
        migrations.RunPython(_holidays.enter, migrations.RunPython.noop),
        migrations.RunPython(_audit_guard.begin_chain, migrations.RunPython.noop),
        migrations.RunPython(_audit_guard.guard, migrations.RunPython.noop),
    ]
