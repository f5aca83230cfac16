"""The addresses of monitors and proxies: /healthz, /readyz, /metrics."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from nanchuan_eval.monitoring.queries.figures import figures
from nanchuan_eval.monitoring.queries.health import OK, health, readiness
from nanchuan_eval.monitoring.rules import is_let_in

UNAVAILABLE = 503
PLAIN = "text/plain; charset=utf-8"


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if all is well, else 503; what is not well is told to monitors that show their token."""
    return _answer(request, health(timezone.now()))


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if requests can be served: a late clock or a full disk is no reason to turn voters away."""
    return _answer(request, readiness())


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all figures; 404 without the token, as if there were nothing here."""
    if not _shows_token(request):
        raise Http404
    return HttpResponse(figures(timezone.now()), content_type=CONTENT_TYPE_LATEST)


def _answer(request: HttpRequest, found: dict[str, str]) -> HttpResponse:
    is_well = all(state == OK for state in found.values())
    status = 200 if is_well else UNAVAILABLE
    answer: HttpResponse
    if _shows_token(request):
        answer = JsonResponse({"version": settings.VERSION, **found}, status=status)
    else:
        answer = HttpResponse("ok" if is_well else "unavailable", content_type=PLAIN, status=status)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # Django would log every 503 of every monitor
    return answer


def _shows_token(request: HttpRequest) -> bool:
    return is_let_in(request.headers.get("Authorization", "").removeprefix("Bearer "), settings.METRICS_TOKENS)
