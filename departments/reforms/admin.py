"""Admin pages of reforms (沿革): form, preview of the consequences, confirmation."""

from collections.abc import Callable, Sequence
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
from departments.reforms.forms import (
    AbolishForm,
    MergeDepartmentForm,
    MergeForm,
    MoveForm,
    ReformForm,
    RenameDepartmentForm,
    RenameForm,
    SplitForm,
)
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


@dataclass(frozen=True)
class Reform:
    """A kind of reform with its button and form; `several` = available for several sections at once."""

    key: str
    label: str
    form: type[ReformForm]
    several: bool = False


OF_SECTIONS = (
    Reform("rename", "更名", RenameForm),
    Reform("move", "转隶", MoveForm, several=True),
    Reform("merge", "合并", MergeForm, several=True),
    Reform("split", "拆分", SplitForm),
    Reform("abolish", "撤销", AbolishForm, several=True),
)
OF_DEPARTMENTS = (
    Reform("rename", "单位更名", RenameDepartmentForm),
    Reform("merge", "单位合并", MergeDepartmentForm),
)


def _from_list(reform: Reform) -> Callable[..., HttpResponse]:
    """Return the list's bulk action, which leads to the form with the chosen sections."""

    def open_form(_: Any, request: HttpRequest, chosen: QuerySet[Section]) -> HttpResponse:
        ids = ",".join(str(pk) for pk in chosen.values_list("pk", flat=True))
        return redirect(f"{reverse('admin:section-reform', args=[reform.key])}?ids={ids}")

    open_form.__name__ = f"reform_{reform.key}"
    described: Callable[..., HttpResponse] = admin.action(
        open_form, permissions=["change"], description=f"{reform.label}所选的科室"
    )
    return described


class ReformMixin(PolicyAdmin):
    """Reforms on the page of a section or a department."""

    reforms: Sequence[Reform] = ()
    change_form_template = "admin/departments/reforms/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reform)
        return [path("reform/<str:kind>/", view, name=f"{self.opts.model_name}-reform"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        subject = self.get_object(request, object_id)
        may_reform = subject is not None and subject.is_active and policy.may_start(account_of(request), ACTION)
        context = {
            "history": section_history(subject) if isinstance(subject, Section) else None,
            "reforms": self.reforms if may_reform else [],
            "reform_address": f"admin:{self.opts.model_name}-reform",
        }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def reform(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show the form, then the consequences; on confirmation propose or perform the reform."""
        reform = next((one for one in self.reforms if one.key == kind), None)
        if reform is None:
            raise Http404
        user = account_of(request)
        policy.check_may_start(user, ACTION)
        chosen = self._chosen(request.GET.get("ids", ""))
        if not chosen or (len(chosen) > 1 and not reform.several):
            messages.error(request, f"请选择要{reform.label.removeprefix('单位')}的{self.noun}。")
            return redirect(self._list())
        form = reform.form(request.POST or None, chosen=chosen, today=timezone.localdate())
        if "back" in request.POST or not form.is_valid():
            return self._page(request, reform, form, "reform")
        is_confirmed = "confirm" in request.POST
        result = attempt(form, partial(self._do if is_confirmed else _rehearse, reform, form, user))
        if isinstance(result, Approval):
            messages.success(request, approvals.PROPOSED)
            return redirect(self._address(), chosen[0].pk)
        if result is None or not is_confirmed:
            return self._page(request, reform, form, "reform" if result is None else "confirm")
        messages.success(request, f"已办理{reform.label}：{'、'.join(map(str, form.titles))}。")
        return redirect(self._address(), self._page_after(form, result))

    @property
    def noun(self) -> str:
        """What is reformed, in Chinese."""
        return str(self.opts.verbose_name).removeprefix("部门")

    def _page_after(self, form: ReformForm, changes: Changes) -> int:
        """Return the key of what continues the first one."""
        if issubclass(self.model, Section):
            return changes[0].later_id or changes[0].earlier_id
        return int(form.chosen[0].pk)

    def _do(self, reform: Reform, form: ReformForm, user: User) -> Changes | Approval:
        at = clock.now()
        if policy.requires_approval(ACTION):
            return propose_reform(reform.label, form.chosen[0], form.arguments(), by=user, at=at)
        return REFORM_SERVICES[reform.label](**form.arguments(), by=user, at=at)

    def _page(self, request: HttpRequest, reform: Reform, form: ReformForm, page: str) -> HttpResponse:
        chosen = form.chosen[0] if len(form.chosen) == 1 else None
        act = reform.label if reform.label.startswith(self.noun) else f"{self.noun}{reform.label}"
        context = {
            **self.admin_site.each_context(request),
            "title": f"确认{reform.label}" if page == "confirm" else act,
            "opts": self.opts,
            "reform": reform,
            "noun": self.noun,
            "verb": "提请" if policy.requires_approval(ACTION) else "确认",
            "form": form,
            "list": reverse(self._list()),
            "back": reverse(self._address(), args=[chosen.pk]) if chosen else reverse(self._list()),
        }
        return render(request, f"admin/departments/reforms/{page}.html", context)

    def _address(self) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_change"

    def _chosen(self, ids: str) -> list[Any]:
        keys = {int(pk) for pk in ids.split(",") if pk.isascii() and pk.isdecimal() and len(pk) < 10}
        related = ["department"] if issubclass(self.model, Section) else []
        rows = self.model._default_manager.filter(pk__in=keys) if keys else self.model._default_manager.none()
        return list(rows.select_related(*related) if related else rows)


class SectionReforms(ReformMixin):
    """Reforms of sections, also from the list."""

    reforms = OF_SECTIONS
    actions = [_from_list(reform) for reform in OF_SECTIONS if reform.several]


class DepartmentReforms(ReformMixin):
    """Reforms of departments."""

    reforms = OF_DEPARTMENTS


def _rehearse(reform: Reform, form: ReformForm, user: User) -> None:
    policy.check_starts(user, ACTION)
    rehearse(REFORM_SERVICES[reform.label], **form.arguments(), at=clock.now())
