"""Limits of sessions: idle and absolute time-outs, second factor, expired passwords; the log-in backend."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.http import urlencode

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import ADMINISTRATORS

Handler = Callable[[HttpRequest], HttpResponse]
SINCE, SEEN = "since", "seen"
# Views open to a session that is not confirmed yet.
OPEN_VIEWS = frozenset({"login", "logout", "second-factor", "second-factor-setup", "set-password", "healthz"})


class AccountBackend(ModelBackend):
    """Log-in by username and password for accounts in force; permissions come from the policy table only."""

    def user_can_authenticate(self, user: Any) -> bool:
        return isinstance(user, User) and user.is_usable(timezone.now())

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False


def end_idle_sessions(get_response: Handler) -> Handler:
    """Log out sessions that were idle too long or have reached their maximum age."""

    def handle(request: HttpRequest) -> HttpResponse:
        at, session = timezone.now(), request.session
        if not isinstance(request.user, User) or SINCE not in session:  # set at every log-in
            return get_response(request)
        reason = _expiry_reason(request.user, since=session.get(SINCE), seen=session.get(SEEN), at=at)
        if reason:
            accounts.record_timeout(request.user, at=at)
            logout(request)
            messages.error(request, reason)
            return redirect(_login_address(request))
        session[SEEN] = at.timestamp()
        return get_response(request)

    return handle


def demand_second_factor(get_response: Handler) -> Handler:
    """Redirect sessions without a confirmed second factor to the page for entering it."""

    def handle(request: HttpRequest) -> HttpResponse:
        if needs_second_factor(request) and not _is_open(request):
            return redirect("second-factor")
        return get_response(request)

    return handle


def demand_new_password(get_response: Handler) -> Handler:
    """Redirect accounts with an expired password to the page for changing it."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            isinstance(user, User)
            and _has_expired_password(user)
            and not _is_open(request, "password", "audit-anchors")
        ):
            messages.error(request, f"口令已使用{settings.PASSWORD_DAYS}天，请设置新口令后继续。")
            return redirect("password")
        return get_response(request)

    return handle


def needs_second_factor(request: HttpRequest) -> bool:
    """True if the session still needs a second factor; a supervisor's one-day account needs none."""
    user = request.user
    if not settings.REQUIRE_OTP or not isinstance(user, User) or user.role == Role.SUPERVISOR:
        return False
    return getattr(user, "otp_device", None) is None


def _expiry_reason(user: User, *, since: float | None, seen: float | None, at: datetime) -> str:
    """Return the reason, in Chinese, why the session has expired, or an empty text."""
    minutes = settings.IDLE_MINUTES_ADMINISTRATORS if user.role in ADMINISTRATORS else settings.IDLE_MINUTES
    now = at.timestamp()
    if seen is not None and now - seen >= minutes * 60:
        return f"超过{minutes}分钟未操作，已自动退出登录，请重新登录。"
    if since is not None and now - since >= settings.SESSION_HOURS * 3600:
        return f"登录已满{settings.SESSION_HOURS}小时，请重新登录。"
    return ""


def _has_expired_password(user: User) -> bool:
    set_at = user.password_set_at
    return set_at is not None and timezone.now() - set_at >= timedelta(days=settings.PASSWORD_DAYS)


def _is_open(request: HttpRequest, *names: str) -> bool:
    try:
        return resolve(request.path_info).url_name in {*OPEN_VIEWS, *names}
    except Resolver404:
        return False


def _login_address(request: HttpRequest) -> str:
    login = reverse(settings.LOGIN_URL)
    return f"{login}?{urlencode({'next': request.path})}" if request.method == "GET" else login
