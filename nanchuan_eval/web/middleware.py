"""Middleware: malformed requests are rejected, response headers added, denied and refused actions logged."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from nanchuan_eval.audit import services as audit
from nanchuan_eval.core import attempts as core_attempts
from nanchuan_eval.core.http import (
    MACHINES,
    client_address,
    is_from_allowed_network,
    is_unstorable,
    parse_id,
    refusal,
)
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

Handler = Callable[[HttpRequest], HttpResponse]
HEADERS = {
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MULTIPART = "multipart/form-data"
FORMS = frozenset({"application/x-www-form-urlencoded", MULTIPART})
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def reject_malformed_requests(get_response: Handler) -> Handler:
    """Answer 405 to unused methods (TRACE …), 400 to text no database can store and to bodies no form sends.

    Django replaces undecodable bytes by U+FFFD and lets NUL through, at which PostgreSQL raises an error.
    Form fields are left to the forms, which explain what is wrong.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponse(status=405, headers={"Allow": ", ".join(sorted(METHODS))})
        if is_unstorable(request.path) or any(map(is_unstorable, _query(request))) or _is_unreadable_body(request):
            return refusal(request, 400, "地址或者内容中有不能保存的字符，请核对。")
        return get_response(request)

    return handle


def add_security_headers(get_response: Handler) -> Handler:
    """Add headers that Django lacks; responses to accounts must not be stored by browsers or proxies."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            answer.headers["Cache-Control"] = "private, no-store"
        return answer

    return handle


def record_origin(get_response: Handler) -> Handler:
    """Add address and session to the audit rows of this request (accounts only)."""

    def handle(request: HttpRequest) -> HttpResponse:
        with audit.request_origin(client_address(request), request.session.session_key):
            return get_response(request)

    return handle


def restrict_staff_networks(get_response: Handler) -> Handler:
    """Answer 403 outside ADMIN_ALLOWED_NETWORKS: on the staff site, and on every page to staff accounts."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        is_staff_account = isinstance(user, User) and user.is_staff and request.path != reverse("logout")
        if (is_staff_account or request.path.startswith(reverse("admin:index"))) and not is_from_allowed_network(
            request
        ):
            if isinstance(user, User):
                audit.record_denial(policy.Denied(user, "desk.enter", request.path), at=timezone.now())
            return render(request, "403.html", {"reason": "工作台只能在规定的办公网络内使用。"}, status=403)
        return get_response(request)

    return handle


def reject_oversized_requests(get_response: Handler) -> Handler:
    """Answer 413 to a body larger than any form sends, before reading it."""

    def handle(request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isascii() and declared.isdigit() and int(declared[:18]) > settings.LARGEST_REQUEST:
            return render(request, "413.html", status=413)
        return get_response(request)

    return handle


class RecordDenials:
    """Log refused actions: denied by the policy table (answered with 403), or refused by a rule."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with core_attempts.recorded_attempts() as attempts:
            answer = self.get_response(request)
        if request.method == "POST":
            for attempt in core_attempts.refused(attempts):
                audit.record_refusal(attempt, where=request.path, at=timezone.now())
        return answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Log and answer denials; other exceptions, and the 404 of hidden objects, are left to Django."""
        if isinstance(exception, policy.Hidden):
            audit.record_denial(exception, at=timezone.now())
        if not isinstance(exception, PermissionDenied):
            return None
        denied = exception if isinstance(exception, policy.Denied) else _denied_at(request)
        if denied is not None:
            audit.record_denial(denied, at=timezone.now())
        return render(request, "403.html", {"reason": str(exception)}, status=403)


def _denied_at(request: HttpRequest) -> policy.Denied | None:
    """Return the denial for Django's own PermissionDenied, which names no action: entering the staff site."""
    return policy.Denied(request.user, "desk.enter", request.path) if isinstance(request.user, User) else None


def _query(request: HttpRequest) -> Iterable[str]:
    return (str(part) for key, values in request.GET.lists() for part in (key, *values))


def _is_unreadable_body(request: HttpRequest) -> bool:
    """True if the body is not a form, or if none of its fields could be parsed."""
    length = parse_id(request.META.get("CONTENT_LENGTH") or "")
    if request.method != "POST" or not length or request.path.startswith(MACHINES):
        return False
    if request.content_type not in FORMS:
        return True
    # A form without fields sends its closing boundary only ("--…--" and line ends).
    empty = len((request.content_params or {}).get("boundary", "")) + len("----\r\n\r\n")
    return request.content_type == MULTIPART and length > empty and not (request.POST or request.FILES)
