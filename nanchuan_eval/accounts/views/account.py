"""Log-in and log-out, the user's own account, second factor and password."""

from textwrap import wrap
from typing import Any, ClassVar

import segno
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe
from django_otp import login as confirm_session

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.accounts.links import TOKENS
from nanchuan_eval.accounts.sessions import SEEN, SINCE, next_page
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.services import record_logout
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.http import is_unstorable
from nanchuan_eval.permissions import policy
from nanchuan_eval.second_factor import services as second_factor_services
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of

BACKEND = "nanchuan_eval.accounts.middleware.AccountBackend"


class _ChineseLabels:
    """Labels and messages that call a password 口令, as the rest of the site does."""

    error_messages: ClassVar = {
        **PasswordChangeForm.error_messages,
        "password_mismatch": "两次输入的口令不一致。",
        "password_incorrect": "原口令不正确。",
    }
    labels: ClassVar = {"old_password": "原口令", "new_password1": "新口令", "new_password2": "再次输入新口令"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.label = self.labels[name]


class NewPasswordForm(_ChineseLabels, SetPasswordForm):  # type: ignore[type-arg]
    """First password of an account (设置口令)."""


class ChangeForm(_ChineseLabels, PasswordChangeForm):
    """Old and new password (修改口令)."""


class SignIn(LoginView):
    """登录; an older session of the same account ends."""

    template_name = "login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if any(is_unstorable(str(value)) for value in request.POST.values()):  # the form would echo it
            return render(request, "400.html", status=400)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        _begin_session(self.request, form.get_user())
        return redirect(self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        is_locked = getattr(self.request, "axes_locked_out", False)
        accounts.record_failure(form.data.get("username", "")[:40], is_locked=is_locked, at=timezone.now())
        return super().form_invalid(form)


def _begin_session(request: HttpRequest, known: User) -> None:
    """Start the only session of an account that has proved who it is; without a phone it gets a secret to scan."""
    at = timezone.now()
    account = accounts.sign_in(known, at=at)
    login(request, account, backend=BACKEND)
    request.session[SINCE] = request.session[SEEN] = at.timestamp()
    if second_factor_services.needs_factor(account) and second_factor_services.confirmed(account) is None:
        second_factor_services.begin_enrolment(by=account)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out and record it in the audit log."""
    if isinstance(request.user, User):
        record_logout(request.user, at=timezone.now())
    logout(request)
    return redirect("front-page")


@require_safe
@login_required
def continue_session(request: HttpRequest) -> HttpResponse:
    """Answer that the session goes on (继续使用); the request itself puts off its end."""
    return HttpResponse(status=204)


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show the user's own account: log-ins, actions, second factor."""
    user = account_of(request)
    entries = AuditEntry.objects
    context = {
        "account": user,
        "factor": second_factor_services.confirmed(user),
        "logins": entries.logins_of(user)[:20],
        "actions": entries.actions_of(user)[:50] if policy.may_see(user, "log.own", own=True) else entries.none(),
    }
    return render(request, "nanchuan_eval/accounts/account.html", context)


@require_POST
@login_required
def end_own_sessions(request: HttpRequest) -> HttpResponse:
    """终止自己的全部会话, including this one."""
    user = account_of(request)
    accounts.end_sessions(account_id=user.pk, by=user, at=timezone.now())
    logout(request)
    messages.success(request, "已退出全部登录，请重新登录。")
    return redirect("login")


@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; the session stays (修改口令)."""
    form = ChangeForm(account_of(request), request.POST or None)
    if form.is_valid():
        changed = accounts.set_password(
            account_id=account_of(request).pk, password=form.cleaned_data["new_password1"], at=timezone.now()
        )
        update_session_auth_hash(request, changed)
        messages.success(request, "口令已修改。")
        return redirect(next_page(request) or "account")
    if "old_password" in form.errors and request.POST.get("old_password"):
        accounts.record_wrong_password(account_of(request), at=timezone.now())
    return render(request, "nanchuan_eval/accounts/password.html", {"form": form})


class SetPassword(PasswordResetConfirmView):
    """设置口令 by the system administrator's one-time link, which logs in; the second factor stays and comes next."""

    template_name = "nanchuan_eval/accounts/set_password.html"
    form_class = NewPasswordForm
    token_generator = TOKENS
    success_url = reverse_lazy("home")

    def form_valid(self, form: "SetPasswordForm[Any]") -> HttpResponse:
        at, password = timezone.now(), form.cleaned_data["new_password1"]
        account = accounts.set_password(account_id=form.user.pk, password=password, at=at)
        self.request.session.flush()
        if not account.is_usable(at):
            messages.error(self.request, "口令已设置。账号已停用或已到期，请联系系统管理员启用后登录。")
            return redirect("login")
        _begin_session(self.request, account)
        messages.success(self.request, "口令已设置，已登录。")
        return redirect(self.get_success_url())


@login_required
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the one-time code that confirms this session."""
    user = account_of(request)
    if second_factor_services.confirmed(user) is None:
        return redirect("second-factor-setup")
    error = ""
    if request.method == "POST":
        try:
            factor = second_factor_services.enter_code(
                code=request.POST.get("code", "")[:40], by=user, at=timezone.now()
            )
        except RuleViolation as refusal:
            factor, error = None, str(refusal)
        if factor:
            confirm_session(request, factor)
            return redirect(next_page(request) or "home")
        error = error or "动态口令不正确，或者已经用过。请输入手机上现在显示的6位数字，或一个没有用过的恢复码。"
    return render(request, "nanchuan_eval/accounts/second_factor.html", {"error": error})


@login_required
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    """Enrol: scan the secret, enter a first code, see the recovery codes once."""
    user = account_of(request)
    if second_factor_services.confirmed(user):
        return redirect("account")
    error = ""
    if request.method == "POST" and "code" in request.POST:
        try:
            codes = second_factor_services.confirm_enrolment(code=request.POST["code"][:40], by=user, at=timezone.now())
        except RuleViolation:
            return redirect("second-factor-setup")
        if codes:
            confirm_session(request, second_factor_services.confirmed(user))
            return render(
                request, "nanchuan_eval/accounts/recovery.html", {"codes": [" ".join(wrap(code, 4)) for code in codes]}
            )
        error = "动态口令不正确。请核对手机时间，输入现在显示的6位数字。"
    elif request.method == "POST":
        second_factor_services.begin_enrolment(by=user)
    pending = SecondFactor.objects.filter(user=user, confirmed=False).first()
    context = {
        "error": error,
        "qr": _qr(pending) if pending else "",
        "secret": pending and second_factor_services.typed_secret(pending),
    }
    return render(request, "nanchuan_eval/accounts/enrol.html", context)


def _qr(factor: SecondFactor) -> str:
    """Return the QR code as inline SVG: no file and no URL that could be cached."""
    drawn = segno.make(second_factor_services.enrolment_url(factor), error="m")
    return mark_safe(drawn.svg_inline(scale=5, border=4, svgclass="qr", title="动态口令二维码"))  # noqa: S308  our own SVG
