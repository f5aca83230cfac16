"""The staff site (工作台): Django's admin with permissions from the policy table, in the order of a round's work."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.services import record_logout
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of

# Apps in the order of a round's work; others come last.
WORKING_ORDER = ["evaluations", "departments", "accountability", "nanchuan_eval"]


class StaffSite(admin.AdminSite):
    """The staff site (工作台): an admin site ordered by feature."""

    site_header = "最难办事科室群众评 · 评议工作台"
    site_title = "评议工作台"
    index_title = "工作台"
    site_url = "/"
    enable_nav_sidebar = True

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps in WORKING_ORDER, each app's models by the `order` of their admins."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=self._model_order)
        return sorted(
            apps,
            key=lambda app: WORKING_ORDER.index(app["app_label"]) if app["app_label"] in WORKING_ORDER else 99,
        )

    def _model_order(self, entry: dict[str, Any]) -> int:
        return int(getattr(self._registry[entry["model"]], "order", 99))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the proposals that wait for this account's approval."""
        waiting = approvals.waiting_for(account_of(request)).select_related("proposed_by")
        may = {
            "may_verify": policy.may(account_of(request), "log.verify"),
            "may_see_policy": policy.may_see(account_of(request), "policy.set"),
        }
        context = {"waiting": waiting, **may}
        return super().index(request, {**context, **(extra_context or {})})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to the shared page for changing the password."""
        return HttpResponseRedirect(reverse("password"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Log the log-out, as the shared page does."""
        if request.method == "POST" and isinstance(request.user, User):
            record_logout(request.user, at=timezone.now())
        return super().logout(request, extra_context)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseRedirect:
        """Redirect to the shared log-in; an account that is signed in but not admitted here is denied."""
        if isinstance(request.user, User):
            raise policy.Denied(request.user, "desk.enter")
        target = request.GET.get("next", reverse("admin:index"))
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': target})}")
