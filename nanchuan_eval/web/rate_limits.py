"""Rate limits (频率限制) on guessing codes, logging in, exporting and uploading; reading and voting have none.

Counts are kept in the cache for two minutes and nowhere else: addresses could identify the voter of a ballot. Workers
without a shared cache (CACHE_URL) count separately, so that the limit is at most workers × the figure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from nanchuan_eval.core.http import client_address
from nanchuan_eval.users.models import User

Handler = Callable[[HttpRequest], HttpResponse]
REFUSED = 400


@dataclass(frozen=True)
class Limit:
    """POSTs allowed per minute; `only_refused` = only those answered with 400 count."""

    per_minute: int
    only_refused: bool = False


LIMITS = {
    "ballot": Limit(10, only_refused=True),
    "receipt-check": Limit(30),
    "login": Limit(20),
    "commission-export": Limit(5),
    "commission-files": Limit(20),
    "draw-letters": Limit(20),
    "draw-roster": Limit(5),
    "round-labels": Limit(5),
    "round-remind": Limit(5),
    "ledger": Limit(5),
    "assessment-export": Limit(5),
    "personnel-many": Limit(20),
    "evidence-add": Limit(60),
    "follow-up": Limit(30),
    "suggestions": Limit(30),
    "privacy-request": Limit(5),
    "pool-export": Limit(5),
    "data-copy": Limit(5),
    "audit-export": Limit(5),
    "round-pool": Limit(20),
    "departments_section_import": Limit(20),
}


class LimitRates:
    """Answer 429 to a client over the limit of this minute."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        key, limit = getattr(request, "counted_by", ("", None))
        if limit and (not limit.only_refused or answer.status_code == REFUSED):
            cache.add(key, 0, timeout=120)
            cache.incr(key)
        return answer

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Apply the view's limit once the URL is resolved; views without one cost nothing."""
        name = (request.resolver_match and request.resolver_match.url_name) or ""
        limit = LIMITS.get(name) if request.method == "POST" else None
        if limit is None:
            return None
        key = _key(name, _client(request), int(timezone.now().timestamp() // 60))
        if cache.get(key, 0) >= limit.per_minute:
            return render(request, "429.html", status=429)
        request.counted_by = key, limit  # type: ignore[attr-defined]  # read again above
        return None


def _key(name: str, who: str, minute: int) -> str:
    """Return a keyed hash, so that a shared cache holds no addresses or accounts."""
    return f"limit/{salted_hmac('nanchuan_eval.limits', f'{name}/{who}/{minute}', algorithm='sha256').hexdigest()}"


def _client(request: HttpRequest) -> str:
    user = request.user
    return f"account-{user.pk}" if isinstance(user, User) else client_address(request)
