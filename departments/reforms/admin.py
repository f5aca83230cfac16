"""Admin pages of reforms (沿革): form, preview of the consequences, confirmation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from departments.models import Section
from departments.reforms.approvals import REFORM_SERVICES, propose_reform
from departments.reforms.forms import AbolishForm, MergeForm, MoveForm, ReformForm, RenameForm, SplitForm
from departments.reforms.queries import section_history
from departments.reforms.services import Changes, rehearse
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt

ACTION = "roster.edit"
LIST = "admin:departments_section_changelist"


@dataclass(frozen=True)
class Reform:
    """A kind of reform with its button and form; `several` = available for several sections at once."""

    key: str
    label: str
    form: type[ReformForm]
    several: bool = False


REFORMS = {
    reform.key: reform
    for reform in (
        Reform("rename", "更名", RenameForm),
        Reform("move", "转隶", MoveForm, several=True),
        Reform("merge", "合并", MergeForm, several=True),
        Reform("split", "拆分", SplitForm),
        Reform("abolish", "撤销", AbolishForm, several=True),
    )
}


def _from_list(kind: str) -> Callable[..., HttpResponse]:
    """Return the list's bulk action, which leads to the form with the chosen sections."""

    def open_form(_: Any, request: HttpRequest, chosen: QuerySet[Section]) -> HttpResponse:
        ids = ",".join(str(pk) for pk in chosen.values_list("pk", flat=True))
        return redirect(f"{reverse('admin:section-reform', args=[kind])}?ids={ids}")

    open_form.__name__ = f"reform_{kind}"
    described: Callable[..., HttpResponse] = admin.action(
        open_form, permissions=["change"], description=f"{REFORMS[kind].label}所选的科室"
    )
    return described


class ReformMixin(PolicyAdmin):
    """Reforms on a section's page and in the list."""

    actions = [_from_list(key) for key, reform in REFORMS.items() if reform.several]

    def get_urls(self) -> list[URLPattern]:
        address = path("reform/<str:kind>/", self.admin_site.admin_view(self.reform), name="section-reform")
        return [address, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        section = self.get_object(request, object_id)
        may_reform = section is not None and section.is_active and policy.may_start(account_of(request), ACTION)
        context = {
            "history": section_history(section) if section else None,
            "reforms": REFORMS.values() if may_reform else [],
        }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def reform(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show the form, then the consequences; on confirmation propose or perform the reform."""
        if kind not in REFORMS:
            raise Http404
        user, reform = account_of(request), REFORMS[kind]
        policy.check_may_start(user, ACTION)
        sections = _chosen(request.GET.get("ids", ""))
        if not sections or (len(sections) > 1 and not reform.several):
            messages.error(request, f"请选择要{reform.label}的科室。")
            return redirect(LIST)
        form = reform.form(request.POST or None, sections=sections, today=timezone.localdate())
        if "back" in request.POST or not form.is_valid():
            return self._page(request, reform, form, "reform")
        is_confirmed = "confirm" in request.POST
        result = attempt(form, partial(self._do if is_confirmed else _rehearse, reform, form, user))
        if isinstance(result, Approval):
            messages.success(request, approvals.PROPOSED)
            return redirect("admin:departments_section_change", sections[0].pk)
        if result is None or not is_confirmed:
            return self._page(request, reform, form, "reform" if result is None else "confirm")
        messages.success(request, f"已办理{reform.label}：{'、'.join(map(str, form.titles))}。")
        return redirect("admin:departments_section_change", result[0].later_id or result[0].earlier_id)

    def _do(self, reform: Reform, form: ReformForm, user: User) -> Changes | Approval:
        at = clock.now()
        if policy.requires_approval(ACTION):
            return propose_reform(reform.label, form.sections[0], form.arguments(), by=user, at=at)
        return REFORM_SERVICES[reform.label](**form.arguments(), by=user, at=at)

    def _page(self, request: HttpRequest, reform: Reform, form: ReformForm, page: str) -> HttpResponse:
        section = form.sections[0] if len(form.sections) == 1 else None
        context = {
            **self.admin_site.each_context(request),
            "title": f"确认{reform.label}" if page == "confirm" else f"科室{reform.label}",
            "opts": self.opts,
            "reform": reform,
            "verb": "提请" if policy.requires_approval(ACTION) else "确认",
            "form": form,
            "back": reverse("admin:departments_section_change", args=[section.pk]) if section else reverse(LIST),
        }
        return render(request, f"admin/departments/section/{page}.html", context)


def _chosen(ids: str) -> list[Section]:
    keys = {int(pk) for pk in ids.split(",") if pk.isascii() and pk.isdecimal() and len(pk) < 10}
    return list(Section.objects.select_related("department").filter(pk__in=keys)) if keys else []


def _rehearse(reform: Reform, form: ReformForm, user: User) -> None:
    policy.check_starts(user, ACTION)
    rehearse(REFORM_SERVICES[reform.label], **form.arguments(), at=clock.now())
