"""Admin of the audit log (操作日志): search, export, verify, archive."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from nanchuan_eval.admin_site.filters import ActionFilter, RoleFilter
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.admin_site.proposals import propose
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry, AuditHead
from nanchuan_eval.audit_review import services as audit_review
from nanchuan_eval.audit_review.archive import ARCHIVE
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import ReasonForm


class ArchiveForm(ReasonForm):
    """Date before which the audit log is archived."""

    until = forms.DateField(label="截止日期（不含）", help_text="如 2026-01-01")
    field_order = ["until", "reason"]


# Words of a search beyond these are ignored.
MOST_WORDS = 5
COLUMNS = ("seq", "at", "outcome", "action_text", "target", "account", "address")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    order = 3
    see_action = "log.view"
    list_display = COLUMNS
    list_filter = ["result", RoleFilter, ActionFilter]
    fields = (*COLUMNS, "session", "detail_text", "prev", "hash", "algorithm")
    readonly_fields = fields
    list_select_related = ["actor"]
    date_hierarchy = "at"
    search_fields = ["actor__username", "actor__name", "object_id", "reason", "action", "address"]
    search_help_text = "可按操作、结果、账号、姓名、对象编号、理由、来源地址检索；几个词用空格隔开"
    change_list_template = "admin/nanchuan_eval/auditentry/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_archive = approvals.may_start(account_of(request), ARCHIVE, AuditHead())
        return super().changelist_view(request, {"may_archive": may_archive, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Find rows that match every word, also by the Chinese names of action and result."""
        for word in search_term.split()[:MOST_WORDS]:
            queryset = queryset.filter(self._holds(word))
        return queryset, False

    def _holds(self, word: str) -> Q:
        actions = [one for one in (*policy.EVENTS, *policy.table()) if word in policy.action_name(one)]
        results = [one.value for one in AuditEntry.Result if word in str(one.label)]
        stored = Q(*((f"{field}__icontains", word) for field in self.search_fields), _connector=Q.OR)
        return stored | Q(action__in=actions) | Q(result__in=results) | Q(detail__step_label__icontains=word)

    @admin.display(description="操作", ordering="action")
    def action_text(self, entry: AuditEntry) -> str:
        return entry.action_name

    @admin.display(description="操作人", ordering="role")
    def account(self, entry: AuditEntry) -> str:
        role = policy.role_name(entry.role) or "未授权"
        return f"{entry.actor.name}（{entry.actor.username}，{role}）" if entry.actor else role

    @admin.display(description="对象", ordering="object_type")
    def target(self, entry: AuditEntry) -> str:
        kind = str(apps.get_model(entry.object_type)._meta.verbose_name) if entry.object_type else ""
        return f"{kind} {entry.object_id}".strip()

    @admin.display(description="结果", ordering="result")
    def outcome(self, entry: AuditEntry) -> str:
        result = str(entry.get_result_display())
        if entry.result != AuditEntry.Result.OK:
            result = format_html('<span class="outcome">{}</span>', result)
        return format_html("{}：{}", result, entry.reason) if entry.reason else result

    @admin.display(description="详情")
    def detail_text(self, entry: AuditEntry) -> str:
        return canonical_json(entry.detail).decode()

    def get_urls(self) -> list[URLPattern]:
        def staff_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(require_POST(view))
            return wrapped

        return [
            path("export/", staff_post(self.export), name="audit-export"),
            path("verify/", self.admin_site.admin_view(self.verify), name="audit-verify"),
            path("archive/", self.admin_site.admin_view(self.archive), name="audit-archive"),
            *super().get_urls(),
        ]

    def export(self, request: HttpRequest) -> HttpResponse:
        """Download the whole audit log and its anchors."""
        name, text = audit_review.export_log(by=account_of(request), at=timezone.now())
        return download(text, name)

    def archive(self, request: HttpRequest) -> HttpResponse:
        """Propose to archive the audit log up to a date (归档)."""
        form, head = ArchiveForm(request.POST or None), AuditHead.current()
        note = "先记日志锚点，再把截止日期之前的日志写成归档文件；满183日方可归档。库中的记录由数据库管理员另行移出。"
        return propose(request, form, ARCHIVE, head, note=note, back="admin:nanchuan_eval_auditentry_changelist")

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Verify the chain of the audit log, its anchors and the results' digests; at first only ask for it."""
        if request.method != "POST":
            policy.check_may_start(account_of(request), "log.verify")
            context = {**self.admin_site.each_context(request), "title": "验证操作日志"}
            return TemplateResponse(request, "admin/nanchuan_eval/auditentry/verify.html", context)
        found = audit_review.verify_log(by=account_of(request), at=timezone.now())
        for fault in found[:20]:
            messages.error(request, fault)
        if not found:
            messages.success(request, "操作日志完整，日志锚点和结果校验值核验一致。")
        seen = self.has_view_permission(request)
        return redirect("admin:nanchuan_eval_auditentry_changelist" if seen else "admin:audit-verify")
