"""Admin of approvals (审批): the list of proposals, and the page for deciding on one."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from nanchuan_eval.admin_site.filters import StateFilter
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, perform


class NoteForm(forms.Form):
    """Reason for sending something back (退回理由)."""

    note = forms.CharField(label="退回理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Pending and decided approvals (待审批、已审批)."""

    order = 0
    list_display = ["title", "proposed_by", "proposed_at", "state", "decided_by"]
    empty_value_display = ""
    list_filter = [StateFilter]
    list_select_related = ["proposed_by", "decided_by"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.is_staff

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """Return the proposals that the policy table shows to the account, and its own."""
        user = account_of(request)
        seen = [action for action in policy.two_person_actions() if policy.may_see(user, action)]
        return super().get_queryset(request).filter(Q(action__in=seen) | Q(proposed_by=user))

    def get_urls(self) -> list[URLPattern]:
        def staff_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(require_POST(view))
            return wrapped

        return [
            path("<int:pk>/approve/", staff_post(self.approve), name="approval-approve"),
            path("<int:pk>/return/", staff_post(self.send_back), name="approval-return"),
            path("<int:pk>/withdraw/", staff_post(self.withdraw), name="approval-withdraw"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the exact content to approve, with buttons for accounts that may decide."""
        return self._page(request, self._approval_or_404(request, object_id), NoteForm())

    def approve(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve and carry out the proposed action (同意)."""
        approval = self._approval_or_404(request, str(pk))
        approvals.check_decides(approval, account_of(request))
        return self._decide(request, approval, "已同意并办理", _approve, code=request.POST.get("code", "")[:40])

    def send_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the proposal back with a reason (退回)."""
        approval = self._approval_or_404(request, str(pk))
        approvals.check_decides(approval, account_of(request))
        form = NoteForm(request.POST)
        if not form.is_valid():
            return self._page(request, approval, form)
        return self._decide(request, approval, "已退回", approvals.send_back, note=form.cleaned_data["note"])

    def withdraw(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Withdraw a proposal (撤回)."""
        return self._decide(request, self._approval_or_404(request, str(pk)), "已撤回", approvals.withdraw)

    def _decide(
        self, request: HttpRequest, approval: Approval, done: str, service: Callable[..., object], **given: Any
    ) -> HttpResponse:
        back = reverse("admin:nanchuan_eval_approval_change", args=[approval.pk])
        service = partial(service, approval_id=approval.pk, **given)
        return perform(request, service, back=back, done=f"{done}：{approval.title}。")

    def _page(self, request: HttpRequest, approval: Approval, form: NoteForm) -> HttpResponse:
        user = account_of(request)
        is_pending = approval.state == Approval.State.PENDING
        context = {
            **self.admin_site.each_context(request),
            "title": approval.title,
            "opts": self.opts,
            "approval": approval,
            # Some actions include the reason in the content; show it once.
            "reason": "" if approval.reason in approval.content.values() else approval.reason,
            "form": form,
            "asks_code": second_factor.asks_again(user),
            "may_decide": is_pending and approvals.may_decide(user, approval),
            "may_withdraw": is_pending and approval.proposed_by == user,
            "approvers": "、".join(role.label for role in policy.roles_allowed(approval.action)),
        }
        return TemplateResponse(request, "admin/nanchuan_eval/approval/page.html", context)

    def _approval_or_404(self, request: HttpRequest, object_id: str) -> Approval:
        approval = get_object_or_404(Approval, pk=parse_id(object_id))
        if not self.get_queryset(request).filter(pk=approval.pk).exists():
            raise policy.Hidden(account_of(request), approval.action, request.path)
        return approval


def _approve(*, approval_id: int, code: str, by: User, at: datetime) -> None:
    second_factor.confirm_again(code=code, by=by, at=at)
    approvals.approve(approval_id=approval_id, by=by, at=at)
