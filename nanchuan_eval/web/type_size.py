"""Web: type size."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

TYPE_SIZES = ("normal", "large", "largest")
A_DAY = 24 * 3600
A_YEAR = 365 * A_DAY


@require_safe
def type_size(request: HttpRequest, size: str) -> HttpResponse:
    """Choose the size of type (长辈版) and go back; the choice is a cookie that says nothing else."""
    if size not in TYPE_SIZES:
        raise Http404
    back = request.GET.get("next", "")
    known = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return remember_size(request, redirect(back if known else "front-page"), size)


def remember_size(request: HttpRequest, response: HttpResponse, size: str) -> HttpResponse:
    """Keep the chosen size on the citizen's device."""
    response.set_cookie("typesize", size, max_age=A_YEAR, samesite="Lax", secure=request.is_secure())
    return response
