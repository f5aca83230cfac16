"""Admin of approvals (审批): the record of all proposals; they are read and decided on pages of their own."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from nanchuan_eval.admin_site.filters import StateFilter
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Pending and decided approvals (待审批、已审批)."""

    menu = "审批记录"
    order = 1
    list_display = ["title", "proposed_by", "proposed_at", "state", "decided_by"]
    empty_value_display = ""
    list_filter = [StateFilter]
    list_select_related = ["proposed_by", "decided_by"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.is_staff

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """Return the proposals that the account may read."""
        return approvals.seen_by(account_of(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the page that shows the proposal to every role."""
        return redirect("approval", parse_id(object_id))
