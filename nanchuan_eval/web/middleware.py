"""What every request passes: malformed input is refused, refusals of the policy table leave a trace."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from nanchuan_eval.audit import services as audit
from nanchuan_eval.core import attempts as core_attempts
from nanchuan_eval.core.http import client_address, is_inside, is_unstorable, parse_id
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


def refuse_broken_requests(get_response: Handler) -> Handler:
    """Answer 405 to methods that nothing here uses (TRACE …), 400 to what no database can store or no form sends.

    Django replaces undecodable bytes by U+FFFD and lets NUL through; PostgreSQL would answer with a fault.
    What is typed into forms the forms refuse themselves, in words.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponse(status=405, headers={"Allow": ", ".join(sorted(METHODS))})
        if is_unstorable(request.path) or any(map(is_unstorable, _query(request))) or _is_no_form(request):
            return render(request, "400.html", status=400)
        return get_response(request)

    return handle


def harden(get_response: Handler) -> Handler:
    """Add what Django leaves out to every answer; nothing that an account has seen stays in a browser or proxy."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            answer.headers["Cache-Control"] = "private, no-store"
        return answer

    return handle


def note_origin(get_response: Handler) -> Handler:
    """Let the traces of this request say where it came from (accounts only)."""

    def handle(request: HttpRequest) -> HttpResponse:
        with audit.coming_from(client_address(request), request.session.session_key):
            return get_response(request)

    return handle


def keep_the_desk_inside(get_response: Handler) -> Handler:
    """Refuse the desk, and every page to an account that works at it, from outside ADMIN_ALLOWED_NETWORKS."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        works_there = isinstance(user, User) and user.is_staff and request.path != reverse("logout")
        if (works_there or request.path.startswith(reverse("admin:index"))) and not is_inside(request):
            if isinstance(user, User):
                audit.record_denial(policy.Denied(user, "desk.enter", request.path), at=timezone.now())
            return render(request, "403.html", {"reason": "工作台只能在规定的办公网络内使用。"}, status=403)
        return get_response(request)

    return handle


def refuse_oversized_requests(get_response: Handler) -> Handler:
    """Answer 413 to a body no form here could send, before anything of it is read (a film of 2 GB)."""

    def handle(request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isascii() and declared.isdigit() and int(declared[:18]) > settings.LARGEST_REQUEST:
            return render(request, "413.html", status=413)
        return get_response(request)

    return handle


class RecordDenials:
    """Write the audit row of a refused deed: by the table (and answer 403 in Chinese), or by a rule."""

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
        """Leave other exceptions, and the answer to what is hidden, to Django."""
        if isinstance(exception, policy.Hidden):
            audit.record_denial(exception, at=timezone.now())
        if not isinstance(exception, PermissionDenied):
            return None
        denied = exception if isinstance(exception, policy.Denied) else _denied_at(request)
        if denied is not None:
            audit.record_denial(denied, at=timezone.now())
        return render(request, "403.html", {"reason": str(exception)}, status=403)


def _denied_at(request: HttpRequest) -> policy.Denied | None:
    """Return what Django's own desk refused: it knows no actions, so entering the page is what is named."""
    return policy.Denied(request.user, "desk.enter", request.path) if isinstance(request.user, User) else None


def _query(request: HttpRequest) -> Iterable[str]:
    return (str(part) for key, values in request.GET.lists() for part in (key, *values))


def _is_no_form(request: HttpRequest) -> bool:
    """Say whether a body is none that a form sends, or one of which nothing could be read."""
    length = parse_id(request.META.get("CONTENT_LENGTH") or "")
    if request.method != "POST" or not length:
        return False
    if request.content_type not in FORMS:
        return True
    # A form without fields sends its closing boundary only ("--…--" and line ends).
    empty = len((request.content_params or {}).get("boundary", "")) + len("----\r\n\r\n")
    return request.content_type == MULTIPART and length > empty and not (request.POST or request.FILES)
