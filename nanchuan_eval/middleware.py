"""What every request passes: malformed input is refused, refusals of the policy table leave a trace."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from nanchuan_eval import audit, policy

Handler = Callable[[HttpRequest], HttpResponse]


def refuse_broken_requests(get_response: Handler) -> Handler:
    """Answer 400 to what no database can store: NUL bytes and broken UTF-8 in the address or the form.

    Django replaces undecodable bytes by U+FFFD and lets NUL through; PostgreSQL would answer with a fault.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if _is_broken(request.path) or any(_is_broken(str(value)) for value in request.GET.values()):
            return render(request, "400.html", status=400)
        return get_response(request)

    return handle


class RecordDenials:
    """Write the audit row of a refused deed and answer 403 in Chinese."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Leave other exceptions to Django."""
        if not isinstance(exception, policy.Denied):
            return None
        audit.record_denial(exception, at=timezone.now())
        return render(request, "403.html", {"reason": str(exception)}, status=403)


def _is_broken(text: str) -> bool:
    return "\x00" in text or "\ufffd" in text
