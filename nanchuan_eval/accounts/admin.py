"""Admin of accounts (账号): opened and disabled by the system administrator, roles and resets by the security one."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.accounts.letters import print_letter
from nanchuan_eval.accounts.links import issue_link
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.users.models import ACCOUNT_ROLES, User
from nanchuan_eval.users.rules import conflicts, person_key
from nanchuan_eval.web.actions import account_of, attempt, perform
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import TextField


class AccountForm(forms.ModelForm[User]):
    """账号表单, without role and password: the system administrator may set neither."""

    class Meta:
        model = User
        fields = ["username", "name", "person_code", "is_active", "expires_at"]
        error_messages: ClassVar = {"person_code": {"required": "请填写人员编号，如工号。"}}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        account = User(pk=self.instance.pk, person_code=data.get("person_code", ""))
        for text in conflicts([self.instance.role, *(other.role for other in User.objects.others_of(account))]):
            self.add_error("person_code", text)
        return data


def _units() -> list[tuple[str, str]]:
    return [
        ("", "（不属于单位）"),
        *((code, f"{name}（{code}）") for units in accounts.units for code, name in units()),
    ]


class GrantForm(forms.Form):
    """Role to grant to an account; an empty one revokes it."""

    role = forms.ChoiceField(label="角色", choices=[("", "（撤销角色）"), *ACCOUNT_ROLES], required=False)
    unit_code = forms.ChoiceField(label="所属单位", choices=_units, required=False, help_text="仅单位联络员选择")
    reason = TextField(label="理由", max_length=300)


@admin.register(User)
class UserAdmin(PolicyAdmin):
    """Admin of staff accounts (账号)."""

    order = 1
    see_action = "user.create"
    edit_action = "user.create"
    form = AccountForm
    list_display = ["username", "name", "person_code", "role", "unit_code", "is_active", "expires_at", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "name", "person_code"]
    search_by_key = True
    change_list_template = "admin/nanchuan_eval/user/change_list.html"
    change_form_template = "admin/nanchuan_eval/user/change_form.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        grants = ("user.create", "role.grant", "role.grant.admin")
        return isinstance(request.user, User) and any(policy.may_see(request.user, action) for action in grants)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        accounts.save_account(obj, by=account_of(request), at=timezone.now(), changed=list(form.changed_data))

    def get_urls(self) -> list[URLPattern]:
        def staff_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(require_POST(view))
            return wrapped

        return [
            path("<int:pk>/link/", staff_post(never_cache(self.link)), name="account-link"),
            path("<int:pk>/letter/", staff_post(never_cache(self.letter)), name="account-letter"),
            path("<int:pk>/grant/", staff_post(self.grant), name="account-grant"),
            path("<int:pk>/end-sessions/", staff_post(self.end_sessions), name="account-end-sessions"),
            path("<int:pk>/reset-factor/", staff_post(self.reset_factor), name="account-reset-factor"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        pages = {"account_pages": _pages(account_of(request))}
        return super().changelist_view(request, {**pages, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = User.objects.filter(pk=parse_id(object_id)).first()
        rights = _rights(account_of(request), account) if account else {}
        return super().change_view(request, object_id, form_url, {**rights, **(extra_context or {})})

    def link(self, request: HttpRequest, pk: int) -> HttpResponse:
        """发一次性设置口令链接: shown once, to be handed over; the administrator never sees the password."""
        get_object_or_404(User, pk=pk)
        link = attempt(request, partial(issue_link, account_id=pk, by=account_of(request), at=timezone.now()))
        if link is None:
            return redirect("admin:nanchuan_eval_user_change", pk)
        context = {**self.admin_site.each_context(request), "title": "设置口令链接（一次有效）", "opts": self.opts}
        context |= {"account": link.account, "good_until": link.good_until}
        context["link"] = request.build_absolute_uri(link.path)
        return TemplateResponse(request, "admin/nanchuan_eval/user/link.html", context)

    def letter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """打印登录通知书: a new link on paper; an earlier one is void."""
        get_object_or_404(User, pk=pk)
        site, at = request.build_absolute_uri("/"), timezone.now()
        printed = attempt(request, partial(print_letter, account_id=pk, site=site, by=account_of(request), at=at))
        return download(printed, "登录通知书.pdf") if printed else redirect("admin:nanchuan_eval_user_change", pk)

    def grant(self, request: HttpRequest, pk: int) -> HttpResponse:
        """授权、撤权: proposed by the security administrator, approved by the chief or the commission."""
        account, form, user = get_object_or_404(User, pk=pk), GrantForm(request.POST), account_of(request)
        name = accounts.grant_action(account, request.POST.get("role", ""))
        approvals.check_may_start(user, name, account)
        if not form.is_valid():
            for text in (str(error) for errors in form.errors.values() for error in errors):
                messages.error(request, text)
            return redirect("admin:nanchuan_eval_user_change", pk)
        return self._do(request, pk, partial(_grant, name, account, **form.cleaned_data), "授权已办理。")

    def end_sessions(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sign the account out everywhere (终止会话)."""
        return self._do(request, pk, partial(accounts.end_sessions, account_id=pk), "已强制退出登录。")

    def reset_factor(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove the account's second factor (重置动态口令)."""
        return self._do(request, pk, partial(second_factor.reset_factor, account_id=pk), "动态口令已重置。")

    def _do(self, request: HttpRequest, pk: int, service: Callable[[], object], done: str) -> HttpResponse:
        get_object_or_404(User, pk=pk)
        return perform(request, service, back=reverse("admin:nanchuan_eval_user_change", args=[pk]), done=done)


def _grant(name: str, account: User, **given: Any) -> object:
    return approvals.start(name, account, **given) and "已提请授权，等待审批。"


def _pages(user: User) -> list[tuple[str, str]]:
    """Return the pages for many accounts that the user may use."""
    pages = (
        (policy.may_start(user, "user.create"), reverse("list-new", args=["accounts"]), "导入账号名单"),
        (policy.may_start(user, "role.grant"), reverse("account-requests"), "按名单提请授权"),
        (policy.may(user, "user.pwlink"), reverse("account-letters"), "登录通知书"),
    )
    return [(address, text) for is_open, address, text in pages if is_open]


def _rights(user: User, account: User) -> dict[str, Any]:
    may_grant = any(approvals.may_start(user, name, account) for name in ("role.grant", "role.grant.admin"))
    return {
        "account": account,
        "is_unnumbered": not person_key(account.person_code),
        "link_hours": settings.LINK_HOURS,
        "grant_form": GrantForm(initial={"role": account.role, "unit_code": account.unit_code}) if may_grant else None,
        "may_link": policy.may(user, "user.pwlink"),
        "may_end": policy.may(user, "session.kill"),
        "may_reset": policy.may(user, "mfa.reset") and second_factor.confirmed(account) is not None,
        "role_name": Role(account.role).label if account.role else "未授权",
    }
