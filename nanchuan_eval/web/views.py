"""Anchors, type size, forms without cookies, error page and error reports."""

from collections.abc import Callable, ItemsView
from functools import wraps
from types import FrameType
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import REASON_BAD_ORIGIN, REASON_NO_CSRF_COOKIE
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.debug import SafeExceptionReporterFilter
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from nanchuan_eval.audit.models import AuditAnchor

View = Callable[..., HttpResponse]
TYPE_SIZES = ("normal", "large", "largest")
A_DAY = 24 * 3600
A_YEAR = 365 * A_DAY
NO_COOKIE = (
    "浏览器没有保存本网站的Cookie，无法提交。"
    "请在浏览器设置中允许本网站使用Cookie，或者换用其他浏览器打开本页，再重新提交。"
)
FOREIGN_PAGE = "提交的内容不是从本网站的页面发出的，未予受理。请直接打开本网站，在本网站的页面上重新填写并提交。"


@require_safe
def anchors(request: HttpRequest) -> HttpResponse:
    """Publish the anchors of the audit log; with a copy, anybody can later prove that rows were rewritten."""
    return HttpResponse(
        "".join(f"{anchor}\n" for anchor in AuditAnchor.objects.all()), content_type="text/plain; charset=utf-8"
    )


@require_safe
def type_size(request: HttpRequest, size: str) -> HttpResponse:
    """Set the type size (长辈版) and go back; it is stored in a cookie that holds nothing else."""
    if size not in TYPE_SIZES:
        raise Http404
    back = request.GET.get("next", "")
    known = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return remember_size(request, redirect(back if known else "front-page"), size)


def remember_size(request: HttpRequest, response: HttpResponse, size: str) -> HttpResponse:
    """Store the type size in a cookie."""
    response.set_cookie("typesize", size, max_age=A_YEAR, samesite="Lax", secure=request.is_secure())
    return response


def visitors_form(view: View) -> View:
    """Accept a public form from a browser that keeps no cookie.

    Such a form acts for nobody who is logged in; whatever entitles to it (code, signed admission, receipt) is in its
    fields. Forms of other sites are refused by the Origin that browsers send.
    """

    @csrf_exempt
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.get_host():
            return csrf_failure(request, REASON_BAD_ORIGIN)
        return view(request, *args, **kwargs)

    return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain why a form was not accepted (a missing cookie, another site, an old page) and what to do."""
    if reason == REASON_NO_CSRF_COOKIE:
        text = NO_COOKIE
    elif reason.startswith(("Origin", "Referer")):
        text = FOREIGN_PAGE
    else:
        text = "页面已过期，请返回上一页，刷新后重新提交。"
    return render(request, "403.html", {"reason": text}, status=403)


class ReportFilter(SafeExceptionReporterFilter):
    """Filter of error reports that drops local variables and posted values, which may hold a ballot code or a vote."""

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Return the variables of a frame; none in production."""
        if self.is_active(request):
            return dict[str, Any]().items()
        return super().get_traceback_frame_variables(request, tb_frame)

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of the posted fields without their values."""
        if request is None:
            return {}
        if not self.is_active(request):
            return dict(super().get_post_parameters(request))
        return dict.fromkeys(request.POST, self.cleansed_substitute)
