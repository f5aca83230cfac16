"""Sessions of accounts: their limits, the way back after a log-in, and what a browser needs to keep drafts of forms."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import ADMINISTRATORS

SINCE, SEEN, ACCEPTED = "since", "seen", "accepted"
MOST_ACCEPTED = 20  # forms accepted since the last page; the older ones are forgotten


@dataclass(frozen=True)
class Limits:
    """What the page needs to warn in time, in seconds from now."""

    idle: int
    left: int
    warning: int


def idle_minutes(user: User) -> int:
    """Return after how many minutes without a request the account is logged out."""
    minutes: int = settings.IDLE_MINUTES_ADMINISTRATORS if user.role in ADMINISTRATORS else settings.IDLE_MINUTES
    return minutes


def expiry_reason(user: User, *, since: float | None, seen: float | None, at: datetime) -> str:
    """Return the reason, in Chinese, why the session has expired, or an empty text."""
    minutes, now = idle_minutes(user), at.timestamp()
    if seen is not None and now - seen >= minutes * 60:
        return f"超过{minutes}分钟未操作，已自动退出登录，请重新登录。"
    if since is not None and now - since >= settings.SESSION_HOURS * 3600:
        return f"登录已满{settings.SESSION_HOURS}小时，请重新登录。"
    return ""


def limits(request: HttpRequest) -> Limits | None:
    """Return when the session of this request ends; None if it has no limits (it was not made by a log-in)."""
    since = request.session.get(SINCE)
    if since is None or not isinstance(request.user, User):
        return None
    left = since + settings.SESSION_HOURS * 3600 - timezone.now().timestamp()
    return Limits(
        idle=idle_minutes(request.user) * 60, left=max(int(left), 0), warning=settings.IDLE_WARNING_MINUTES * 60
    )


def draft_key(user: User) -> str:
    """Return the key of the account's drafts in a browser, which only a page for this account contains."""
    return salted_hmac("nanchuan draft of a form", str(user.pk), algorithm="sha256").hexdigest()


def accept_form(request: HttpRequest) -> None:
    """Note that the form sent to this address was accepted: the next page tells the browser to forget its draft."""
    request.session[ACCEPTED] = [*request.session.get(ACCEPTED, []), request.get_full_path()][-MOST_ACCEPTED:]


def accepted_forms(request: HttpRequest) -> list[str]:
    """Return the addresses of the forms accepted since the last page, once."""
    addresses: list[str] = request.session.pop(ACCEPTED, [])
    return addresses


def login_address(request: HttpRequest) -> str:
    """Return the address of the log-in page that leads back to where the request came from."""
    return with_next(reverse(settings.LOGIN_URL), way_back(request))


def with_next(address: str, target: str) -> str:
    """Return the address of a page that goes on to the target."""
    return f"{address}?{urlencode({'next': target})}" if target else address


def way_back(request: HttpRequest) -> str:
    """Return the page to come back to: the one asked for, or for a form the page it stands on."""
    if request.method != "POST":
        return request.get_full_path()
    referer = request.headers.get("Referer", "")
    return urlsplit(referer)._replace(scheme="", netloc="").geturl() if _is_own(request, referer) else ""


def next_page(request: HttpRequest) -> str:
    """Return the page of this site to which the address says to go on, or an empty text."""
    target = request.GET.get("next", "")
    return target if _is_own(request, target) else ""


def _is_own(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
