"""Admin of backups (备份): the register, and the proposal to restore one."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.admin_site.proposals import propose
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.backups.services import RESTORE_NAME, box_note, make_backup
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.fields import ReasonForm

MAKE = "backup.make"


@admin.register(Backup)
class BackupAdmin(ReadOnlyAdmin):
    """Read-only backups (备份), with the page to propose a restore."""

    order = 4
    when_empty = "备份由定时任务每天自动进行，也可以由系统管理员点“立即备份”。"
    see_action = RESTORE_NAME
    link_action = RESTORE_NAME
    change_list_template = "admin/nanchuan_eval/backup/list.html"
    list_display = ["name", "made_at", "size", "seq", "is_during_vote", "digest", "restore_link"]

    @admin.display(description="校验值", ordering="sha256")
    def digest(self, row: Backup) -> SafeString:
        return format_html('<code title="{}">{}…</code>', row.sha256, row.sha256[:12])

    @admin.display(description="办理")
    def restore_link(self, row: Backup) -> SafeString:
        return format_html('<a href="{}">提请恢复</a>', reverse("admin:backup-restore", args=[row.pk]))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("make/", wrap(self.make), name="backup-make"),
            path("<int:pk>/restore/", wrap(self.restore), name="backup-restore"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the register, with the button for those who may make a backup."""
        may_make = policy.may(account_of(request), MAKE)
        return super().changelist_view(request, {"may_make": may_make, **(extra_context or {})})

    def make(self, request: HttpRequest) -> HttpResponse:
        """Make a backup now (立即备份); at first tell what it holds and where it is written."""
        user = account_of(request)
        policy.check_may_start(user, MAKE)
        if request.method == "POST":
            service = partial(make_backup, by=user, at=clock.now(), is_during_vote=bool(box_note()))
            if made := attempt(request, service):
                messages.success(request, f"已备份：{made[0].name}。请复制到另一台机器保存，本机保留最新一份。")
            return redirect("admin:nanchuan_eval_backup_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "立即备份",
            "folder": settings.BACKUP_ROOT,
            "note": box_note(),
        }
        return TemplateResponse(request, "admin/nanchuan_eval/backup/make.html", context)

    def restore(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to restore a backup (恢复)."""
        row = get_object_or_404(Backup, pk=pk)
        note = f"{row}：恢复后，备份之后的全部业务和日志被取代。"
        note += "同意后由运维人员停止网站，在服务器上按 docs/operations.md 第3节恢复。"
        back = "admin:nanchuan_eval_backup_changelist"
        form = ReasonForm(request.POST or None)
        return propose(request, form, RESTORE_NAME, row, note=note, back=back)
