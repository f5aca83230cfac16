"""Counting requests for the monitor, where METRICS_TOKENS lets one in."""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from nanchuan_eval.core.logs import route_of
from nanchuan_eval.monitoring.queries.figures import count_request, private_routes
from nanchuan_eval.monitoring.rules import labels_of

Handler = Callable[[HttpRequest], HttpResponse]


def count_requests(get_response: Handler) -> Handler:
    """Count each request by the name of its address and its status, and how long it took."""
    if not settings.METRICS_TOKENS:
        raise MiddlewareNotUsed

    def handle(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        answer = get_response(request)
        # Not `request.user`: that would read the session of a request that needs none.
        user = request.__dict__.get("_cached_user")
        route, who = labels_of(
            route_of(request).removeprefix("-"),
            has_account=bool(user and user.is_authenticated),
            private=private_routes,
        )
        count_request(route, who, answer.status_code, time.perf_counter() - began)
        return answer

    return handle
