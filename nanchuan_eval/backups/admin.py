"""Admin of backups (备份): the register, and the proposal to restore one."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.admin_site.proposals import propose
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.backups.services import RESTORE_NAME
from nanchuan_eval.web.fields import ReasonForm


@admin.register(Backup)
class BackupAdmin(ReadOnlyAdmin):
    """Read-only backups (备份), with the page to propose a restore."""

    order = 4
    see_action = RESTORE_NAME
    link_action = RESTORE_NAME
    list_display = ["name", "made_at", "size", "seq", "is_during_vote", "digest", "restore_link"]

    @admin.display(description="校验值", ordering="sha256")
    def digest(self, row: Backup) -> SafeString:
        return format_html('<code title="{}">{}…</code>', row.sha256, row.sha256[:12])

    @admin.display(description="办理")
    def restore_link(self, row: Backup) -> SafeString:
        return format_html('<a href="{}">提请恢复</a>', reverse("admin:backup-restore", args=[row.pk]))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("<int:pk>/restore/", wrap(self.restore), name="backup-restore"), *super().get_urls()]

    def restore(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to restore a backup (恢复)."""
        row = get_object_or_404(Backup, pk=pk)
        note = f"{row}：恢复后，备份之后的全部业务和日志被取代。同意后由运维人员停止网站，在服务器上执行 restore 命令。"
        back = "admin:nanchuan_eval_backup_changelist"
        form = ReasonForm(request.POST or None)
        return propose(request, form, RESTORE_NAME, row, note=note, back=back)
