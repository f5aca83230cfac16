"""Rate limits (频率限制) on guessing codes, logging in, exporting and uploading; reading and voting have none.

Many people share one address (a service hall's Wi-Fi, a mobile network), so nobody there may use up the others' limit
by mistakes: where an address is counted, a right code, receipt or password passes however many wrong ones came before.
Counts are kept in the cache for two minutes and nowhere else: addresses could identify the voter of a ballot. Workers
without a shared cache (CACHE_URL) count separately, so that the limit is at most workers × the figure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from nanchuan_eval.core.http import client_address, refusal
from nanchuan_eval.users.models import User

Handler = Callable[[HttpRequest], HttpResponse]
BAD_INPUT, REDIRECT = 400, 302


class Counted(Enum):
    """Which POSTs count against a limit, and what is stopped beyond it."""

    ALL = auto()  # of an account: every further POST is stopped
    REFUSED = auto()  # only further refusals are stopped
    STORED = auto()  # accepted input of anybody: every further POST is stopped, mistakes do not count
    FAILED_LOGIN = auto()  # as REFUSED; the log-in page answers a failure with 200

    @property
    def needs_answer(self) -> bool:
        """True if the view must run before it is known whether the POST is within the limit."""
        return self in {Counted.REFUSED, Counted.FAILED_LOGIN}

    def includes(self, answer: HttpResponse) -> bool:
        """True if a POST with this answer counts."""
        match self:
            case Counted.REFUSED:
                return answer.status_code == BAD_INPUT
            case Counted.STORED:
                return answer.status_code != BAD_INPUT
            case Counted.FAILED_LOGIN:
                return answer.status_code != REDIRECT
            case _:
                return True


@dataclass(frozen=True)
class Limit:
    """POSTs allowed per minute."""

    per_minute: int
    counted: Counted = Counted.ALL


LIMITS = {
    "ballot": Limit(10, Counted.REFUSED),
    "receipt-check": Limit(30, Counted.REFUSED),
    "box-card": Limit(10, Counted.REFUSED),
    "login": Limit(20, Counted.FAILED_LOGIN),
    "password": Limit(10),
    "commission-export": Limit(5),
    "commission-files": Limit(20),
    "draw-letters": Limit(20),
    "draw-roster": Limit(5),
    "round-labels": Limit(5),
    "round-remind": Limit(5),
    "ledger": Limit(5),
    "rectifications": Limit(5),
    "roster": Limit(5),
    "places": Limit(5),
    "places-round": Limit(5),
    "commission": Limit(5),
    "commission-round": Limit(5),
    "commission-changes": Limit(5),
    "assessment-export": Limit(5),
    "personnel-many": Limit(20),
    "evidence-add": Limit(60),
    "follow-up": Limit(30, Counted.REFUSED),
    "suggestions": Limit(5, Counted.STORED),
    "suggestion-status": Limit(30, Counted.REFUSED),
    "privacy-request": Limit(5, Counted.STORED),
    "pool-export": Limit(5),
    "data-copy": Limit(5),
    "audit-export": Limit(5),
    "round-pool": Limit(20),
    "list-new": Limit(20),
    "list-confirm": Limit(20),
    "record-delivery": Limit(120),
}


class LimitRates:
    """Answer 429 to a client over the limit of this minute."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        key, limit = getattr(request, "counted_by", ("", None))
        if limit is None or not limit.counted.includes(answer):
            return answer
        cache.add(key, 0, timeout=120)
        is_over = cache.incr(key) > limit.per_minute
        return _slow_down(request) if is_over and limit.counted.needs_answer else answer

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Apply the view's limit once the URL is resolved; views without one cost nothing."""
        name = (request.resolver_match and request.resolver_match.url_name) or ""
        limit = LIMITS.get(name) if request.method == "POST" else None
        if limit is None:
            return None
        key = _key(name, _client(request), int(timezone.now().timestamp() // 60))
        if not limit.counted.needs_answer and cache.get(key, 0) >= limit.per_minute:
            return _slow_down(request)
        request.counted_by = key, limit  # type: ignore[attr-defined]  # read again above
        return None


def _slow_down(request: HttpRequest) -> HttpResponse:
    return refusal(request, 429, "报送过于频繁，请一分钟后再试。")


def _key(name: str, who: str, minute: int) -> str:
    """Return a keyed hash, so that a shared cache holds no addresses or accounts."""
    return f"limit/{salted_hmac('nanchuan_eval.limits', f'{name}/{who}/{minute}', algorithm='sha256').hexdigest()}"


def _client(request: HttpRequest) -> str:
    user = request.user
    return f"account-{user.pk}" if isinstance(user, User) else client_address(request)
