"""A session's limits: one per account, idle and absolute time-outs, second factor, no too old password."""

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
# Where somebody who has no confirmed session yet may go.
ON_THE_WAY_IN = frozenset({"login", "logout", "second-factor", "second-factor-setup", "set-password", "healthz"})


class AccountBackend(ModelBackend):
    """Log-in by account and password; a day's account ends by itself. Rights come from the policy table only."""

    def user_can_authenticate(self, user: Any) -> bool:
        return isinstance(user, User) and user.is_usable(timezone.now())

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False


def end_idle_sessions(get_response: Handler) -> Handler:
    """Log out who has not been here for too long, or for too long in all."""

    def handle(request: HttpRequest) -> HttpResponse:
        at, session = timezone.now(), request.session
        if not isinstance(request.user, User) or SINCE not in session:  # every log-in sets it
            return get_response(request)
        over = _is_over(request.user, since=session.get(SINCE), seen=session.get(SEEN), at=at)
        if over:
            accounts.record_timeout(request.user, at=at)
            logout(request)
            messages.error(request, over)
            return redirect(_login_address(request))
        session[SEEN] = at.timestamp()
        return get_response(request)

    return handle


def demand_second_factor(get_response: Handler) -> Handler:
    """Let a staff session that no second factor has confirmed go nowhere but to where one enters it."""

    def handle(request: HttpRequest) -> HttpResponse:
        if needs_second_factor(request) and not _is_on_the_way_in(request):
            return redirect("second-factor")
        return get_response(request)

    return handle


def demand_new_password(get_response: Handler) -> Handler:
    """Send an account with an old password to where it sets a new one."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and _is_old(user) and not _is_on_the_way_in(request, "password", "audit-anchors"):
            messages.error(request, f"口令已使用{settings.PASSWORD_DAYS}天，请设置新口令后继续。")
            return redirect("password")
        return get_response(request)

    return handle


def needs_second_factor(request: HttpRequest) -> bool:
    """Say whether this session still has to be confirmed; a supervisor's one-day account needs no second factor."""
    user = request.user
    if not settings.REQUIRE_OTP or not isinstance(user, User) or user.role == Role.SUPERVISOR:
        return False
    return getattr(user, "otp_device", None) is None


def _is_over(user: User, *, since: float | None, seen: float | None, at: datetime) -> str:
    """Return in Chinese why the session is over, or nothing."""
    minutes = settings.IDLE_MINUTES_ADMINISTRATORS if user.role in ADMINISTRATORS else settings.IDLE_MINUTES
    now = at.timestamp()
    if seen is not None and now - seen >= minutes * 60:
        return f"超过{minutes}分钟未操作，已自动退出登录，请重新登录。"
    if since is not None and now - since >= settings.SESSION_HOURS * 3600:
        return f"登录已满{settings.SESSION_HOURS}小时，请重新登录。"
    return ""


def _is_old(user: User) -> bool:
    set_at = user.password_set_at
    return set_at is not None and timezone.now() - set_at >= timedelta(days=settings.PASSWORD_DAYS)


def _is_on_the_way_in(request: HttpRequest, *names: str) -> bool:
    try:
        return resolve(request.path_info).url_name in {*ON_THE_WAY_IN, *names}
    except Resolver404:
        return False


def _login_address(request: HttpRequest) -> str:
    login = reverse(settings.LOGIN_URL)
    return f"{login}?{urlencode({'next': request.path})}" if request.method == "GET" else login
