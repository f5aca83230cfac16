"""Limits of sessions: idle and absolute time-outs, second factor, expired passwords; the log-in backend."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.accounts.sessions import (
    SEEN,
    SINCE,
    accept_form,
    expiry_reason,
    login_address,
    way_back,
    with_next,
)
from nanchuan_eval.second_factor.services import needs_factor
from nanchuan_eval.users.models import User

Handler = Callable[[HttpRequest], HttpResponse]
NOT_DONE = "刚才提交的内容未办理。"
# Views open to a session that is not confirmed yet.
OPEN_VIEWS = frozenset({"login", "logout", "second-factor", "second-factor-setup", "set-password"})
OPEN_VIEWS |= {"healthz", "readyz", "metrics"}
OPEN_VIEWS |= {"help", "help-page", "help-whole"}


class AccountBackend(ModelBackend):
    """Log-in by username and password for accounts in force; permissions come from the policy table only."""

    def user_can_authenticate(self, user: Any) -> bool:
        return isinstance(user, User) and user.is_usable(timezone.now())

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False


def return_to_the_form(get_response: Handler) -> Handler:
    """Say that a form met an ended session was not processed, and lead from the log-in back to the page it stands on.

    The redirect of the view leads back to the address that takes the form, and that may take nothing else.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if request.method != "POST" or request.user.is_authenticated or not _asks_for_a_login(answer):
            return answer
        messages.error(request, NOT_DONE)
        return redirect(login_address(request))

    return handle


def note_accepted_forms(get_response: Handler) -> Handler:
    """Note which forms were accepted: answered by a redirect, a file or the end of a popup, and without a refusal."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not isinstance(request.user, User):
            return get_response(request)
        answer = get_response(request)
        if _is_done(answer) and not _is_refused(request) and request.user.is_authenticated:  # not a log-out
            accept_form(request)
        return answer

    return handle


def end_idle_sessions(get_response: Handler) -> Handler:
    """Log out sessions that were idle too long or have reached their maximum age."""

    def handle(request: HttpRequest) -> HttpResponse:
        at, session = timezone.now(), request.session
        if not isinstance(request.user, User) or SINCE not in session:  # set at every log-in
            return get_response(request)
        reason = expiry_reason(request.user, since=session.get(SINCE), seen=session.get(SEEN), at=at)
        if reason:
            accounts.record_timeout(request.user, at=at)
            logout(request)
            messages.error(request, reason)
            # The log-in page keeps its own way back.
            return get_response(request) if _is_open(request) else redirect(login_address(request))
        session[SEEN] = at.timestamp()
        return get_response(request)

    return handle


def demand_second_factor(get_response: Handler) -> Handler:
    """Redirect sessions without a confirmed second factor to the page for entering it."""

    def handle(request: HttpRequest) -> HttpResponse:
        if needs_second_factor(request) and not _is_open(request):
            return _detour(request, "second-factor")
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
            return _detour(request, "password")
        return get_response(request)

    return handle


def needs_second_factor(request: HttpRequest) -> bool:
    """True if the session still needs a second factor; a supervisor's one-day account needs none."""
    user = request.user
    if not isinstance(user, User) or not needs_factor(user):
        return False
    return getattr(user, "otp_device", None) is None


def _has_expired_password(user: User) -> bool:
    set_at = user.password_set_at
    return set_at is not None and timezone.now() - set_at >= timedelta(days=settings.PASSWORD_DAYS)


def _is_open(request: HttpRequest, *names: str) -> bool:
    try:
        return resolve(request.path_info).url_name in {*OPEN_VIEWS, *names}
    except Resolver404:
        return False


def _detour(request: HttpRequest, page: str) -> HttpResponseRedirect:
    """Redirect to a page that comes first and leads back."""
    if request.method == "POST":
        messages.error(request, NOT_DONE)
    return redirect(with_next(reverse(page), way_back(request)))


def _asks_for_a_login(answer: HttpResponse) -> bool:
    if not isinstance(answer, HttpResponseRedirect):
        return False
    target = urlsplit(answer.url)
    return target.path in {reverse(settings.LOGIN_URL), reverse("admin:login")} and "next" in parse_qs(target.query)


def _is_done(answer: HttpResponse) -> bool:
    is_file = answer.has_header("Content-Disposition")
    is_popups_end = any("popup_response" in name for name in getattr(answer, "template_name", None) or ())
    return isinstance(answer, HttpResponseRedirect) or is_file or is_popups_end


def _is_refused(request: HttpRequest) -> bool:
    """True if this request adds an error message: the page it leads to says why nothing was done."""
    added = messages.get_messages(request)._queued_messages  # type: ignore[union-attr]
    return any(message.level >= messages.ERROR for message in added)
