"""The staff site (工作台): Django's admin with permissions from the policy table, in the order of a round's work."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from nanchuan_eval.audit.services import record_logout
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


class StaffSite(admin.AdminSite):
    """The staff site (工作台): the admin's lists and forms; its front page is the workspace's home."""

    site_title = "评议工作台"
    site_url = "/"
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return nothing: the navigation lists the models by phase."""
        return []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to the home page."""
        return HttpResponseRedirect(reverse("home"))

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to the home page."""
        return HttpResponseRedirect(reverse("home"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to the shared page for changing the password."""
        return HttpResponseRedirect(reverse("password"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Log the log-out, as the shared page does."""
        if request.method == "POST" and isinstance(request.user, User):
            record_logout(request.user, at=timezone.now())
        return super().logout(request, extra_context)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseRedirect:
        """Redirect to the shared log-in; an account that is signed in but not admitted here is denied all but home."""
        target = request.GET.get("next", reverse("admin:index"))
        if not isinstance(request.user, User):
            return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': target})}")
        if target == reverse("admin:index"):
            return HttpResponseRedirect(reverse("home"))
        raise policy.Denied(request.user, "desk.enter")
