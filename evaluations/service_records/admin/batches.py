"""办件批次 on the staff site: what was delivered, the way to the upload, and the units' own counts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from evaluations.service_records.forms import StatedCountForm
from evaluations.service_records.models import RecordBatch
from evaluations.service_records.services.stated import state_counts
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import FormPage, account_of, show_form
from nanchuan_eval.workspace.rules import Phase

IMPORT, CORRECT = "pool.import", "privacy.handle"


@admin.register(RecordBatch)
class RecordBatchAdmin(ReadOnlyAdmin):
    """Read-only batches of service records; no names, no phones."""

    phase = Phase.DRAWING
    order = 1
    see_action = "pool.view"
    list_display = ["unit", "seq", "day", "records", "is_correction", "received_at", "by"]
    list_filter = ["unit", "is_correction"]
    ordering = ["-received_at", "-pk"]
    date_hierarchy = "day"
    list_select_related = ["unit", "by"]
    fields = ["unit", "seq", "day", "records", "is_correction", "digest", "head", "received_at", "by"]
    when_empty = "请导入办件清单，或者由业务系统通过接口报送。"
    change_list_template = "admin/evaluations/recordbatch/list.html"

    def get_urls(self) -> list[URLPattern]:
        return [path("stated/", self.admin_site.admin_view(self.state), name="stated-count"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        user = account_of(request)
        given = {"may_import": policy.may_start(user, IMPORT), "may_correct": policy.may_start(user, CORRECT)}
        return super().changelist_view(request, {**given, **(extra_context or {})})

    def state(self, request: HttpRequest) -> HttpResponse:
        """Record what a unit itself says it finished on a day, or on several."""
        policy.check_may_start(account_of(request), IMPORT)
        page = FormPage(
            title="报送单位自报办件数",
            button="报送",
            back=reverse("admin:evaluations_recordbatch_changelist"),
            note="单位自己统计的每天办件数，与收到的办件数一同公布；两者不同的，公开页标明“不一致”。",
        )
        return show_form(request, StatedCountForm(request.POST or None), page, state_counts)
