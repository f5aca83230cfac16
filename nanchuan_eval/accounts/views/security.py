"""Security settings and permissions in force (口令、锁定、超时、权限), for the security administrator to read.

Permissions come from the policy table and figures from the server's environment; changing them is left to version
control and the operator. The page names the variable of `.env` behind each figure.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.queries import raised_alarms
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of


@dataclass(frozen=True)
class SettingLine:
    """One line of the page: requirement, value, name of the setting."""

    what: str
    figure: str
    setting: str


@require_safe
def in_force(request: HttpRequest) -> HttpResponse:
    """Show the settings in force and the whole policy table."""
    policy.check_sees(account_of(request), "policy.set")
    context = {
        **admin.site.each_context(request),
        "title": "安全策略",
        "lines": setting_lines(),
        "roles": [(role.value, role.label) for role in Role],
        "table": [
            (row["name_zh"], action, [(role.label, row[role]) for role in Role])
            for action, row in policy.table().items()
        ],
        "two": len(policy.two_person_actions()),
        "alarms": raised_alarms(clock.now()),
        "unnumbered": list(User.objects.unnumbered()),
        "holders": [(r.label, User.objects.filter(role=r, is_active=True).count()) for r in Role],
    }
    return render(request, "admin/nanchuan_eval/policy.html", context)


def setting_lines() -> list[SettingLine]:
    """Return the security settings in force."""
    networks = "、".join(str(network) for network in settings.ADMIN_ALLOWED_NETWORKS) or "不限"
    proxies = "、".join(settings.TRUSTED_PROXIES) or "无"
    idle = f"{settings.IDLE_MINUTES}分钟；三员{settings.IDLE_MINUTES_ADMINISTRATORS}分钟"
    lock = f"连续失败{settings.AXES_FAILURE_LIMIT}次，锁定{int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)}分钟"
    minutes = settings.APPROVAL_MINUTES
    window = f"一般事项{minutes}分钟内不再询问；重大事项每次询问" if minutes else "每次审批都询问"
    return [
        SettingLine("口令最短长度", f"{settings.PASSWORD_LENGTH}位，四类字符中至少三类", "PASSWORD_LENGTH"),
        SettingLine("口令有效期", f"{settings.PASSWORD_DAYS}天", "PASSWORD_DAYS"),
        SettingLine("不得重复使用", f"最近{settings.PASSWORD_MEMORY}个口令", "PASSWORD_MEMORY"),
        SettingLine("设置口令的一次性链接", f"{settings.LINK_HOURS}小时，用过、重发即失效", "LINK_HOURS"),
        SettingLine("登录锁定（按账号和来源地址）", lock, "LOGIN_FAILURES、LOGIN_LOCK_MINUTES"),
        SettingLine("无操作退出", idle, "IDLE_MINUTES、IDLE_MINUTES_ADMINISTRATORS"),
        SettingLine("超时前提醒", f"{settings.IDLE_WARNING_MINUTES}分钟", "IDLE_WARNING_MINUTES"),
        SettingLine("未提交内容在本机浏览器暂存", f"{settings.DRAFT_HOURS}小时", "DRAFT_HOURS"),
        SettingLine("一次登录最长", f"{settings.SESSION_HOURS}小时", "SESSION_HOURS"),
        SettingLine("动态口令", "必须" if settings.REQUIRE_OTP else "未强制", "REQUIRE_OTP"),
        SettingLine("审批时动态口令的有效时间", window, "APPROVAL_MINUTES"),
        SettingLine("两人办理", "必须" if settings.TWO_PERSON_RULE else "单人演示模式", "TWO_PERSON_RULE"),
        SettingLine("工作台来源网络", networks, "ADMIN_ALLOWED_NETWORKS"),
        SettingLine("采信的反向代理", proxies, "TRUSTED_PROXIES"),
        SettingLine("定时任务停止告警", f"投票期间{settings.CLOCK_ALARM_MINUTES}分钟没有运行", "CLOCK_ALARM_MINUTES"),
        SettingLine("时钟相差上限", f"{settings.CLOCK_TOLERANCE_SECONDS}秒", "CLOCK_TOLERANCE_SECONDS"),
        SettingLine("上传上限", f"{settings.LARGEST_REQUEST // 1024 // 1024}MB", "固定"),
        SettingLine("病毒查杀", settings.CLAMD_ADDRESS or "未配置，文件标为“未查杀病毒”", "CLAMD_ADDRESS"),
    ]
