"""The way home after log-in, health, anchors, and the error pages."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from nanchuan_eval.admin_site.model_admin import account_of
from nanchuan_eval.audit.queries import anchors_text
from nanchuan_eval.permissions.policy import Role

# Where a role's work is; the apps fill it in.
HOME: dict[Role, str] = {}


@require_safe
@login_required
def home_of_role(request: HttpRequest) -> HttpResponseRedirect:
    """Send an account to the page where its work is."""
    user = account_of(request)
    return redirect(
        HOME.get(Role(user.role), "admin:index" if user.is_staff else "account") if user.role else "account"
    )


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer `ok` when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def anchors(request: HttpRequest) -> HttpResponse:
    """Publish the trace's anchors: whoever keeps a copy can later tell whether anything was rewritten."""
    return HttpResponse(anchors_text(), content_type="text/plain; charset=utf-8")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a missing or foreign form token."""
    return render(request, "403.html", {"reason": "页面已过期，请返回上一页，刷新后重新提交。"}, status=403)
