"""操作留痕 at the desk."""

from django.contrib import admin

from nanchuan_eval.desk import ReadOnlyAdmin
from nanchuan_eval.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    order = 3
    see_action = "log.view"
    list_display = ["at", "actor", "role", "action", "object_type", "object_id", "result", "reason"]
    list_filter = ["result", "action"]
    list_select_related = ["actor"]
