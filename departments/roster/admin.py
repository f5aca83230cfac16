"""Link from the list of sections to the import of the roster."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from departments.roster.pages import ACTION, NAME
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of


class RosterImportMixin(PolicyAdmin):
    """Offers the import above the list of sections to whoever may start it."""

    change_list_template = "admin/departments/section/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = policy.may_start(account_of(request), ACTION)
        context = {"import_address": reverse("list-new", args=[NAME]) if may else ""}
        return super().changelist_view(request, {**context, **(extra_context or {})})
