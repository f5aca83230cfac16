"""Admin of holidays (节假日与调休), and of the years declared complete."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path

from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.web.actions import account_of, submit
from nanchuan_eval.web.fields import ReasonForm
from nanchuan_eval.workdays.approvals import DECLARE, WITHDRAW
from nanchuan_eval.workdays.models import CompleteYear, Holiday
from nanchuan_eval.workdays.pages import year_facts, years_context

LIST = "admin:nanchuan_eval_holiday_changelist"
DECLARING = (
    "请与国务院办公厅关于当年节假日安排的通知逐日核对，放假日和调休上班日都不能少。"
    "确认后，落在这一年的期限不再带“尚未确认录全”的提示；当天和以前已经确定的期限不会重新计算，仍提示核对。"
)


@admin.register(Holiday)
class HolidayAdmin(PolicyAdmin):
    """The table of holidays; above it the years, with the pages to declare one complete and to undo it."""

    order = 2
    see_action = "round.edit"
    edit_action = "round.edit"
    delete_action = "round.edit"
    list_display = ["day", "name", "is_workday"]
    list_filter = ["is_workday"]
    date_hierarchy = "day"
    change_list_template = "admin/nanchuan_eval/holiday/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = years_context(request) if self.has_view_permission(request) else {}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("years/<int:year>/declare/", wrap(self.declare), name="holidays-declare"),
            path("years/<int:pk>/withdraw/", wrap(self.withdraw), name="holidays-withdraw"),
            *super().get_urls(),
        ]

    def declare(self, request: HttpRequest, year: int) -> HttpResponse:
        """Propose to declare that all holidays of a year are entered (确认录全)."""
        form = forms.Form(request.POST if request.method == "POST" else None)
        start = approvals.Start(DECLARE, kind_of(CompleteYear), year=year)
        approvals.check_may_start(account_of(request), DECLARE, kind_of(CompleteYear))
        return self._ask(
            request, form, start, title=f"确认{year}年节假日已录全", note=DECLARING, facts=year_facts(year)
        )

    def withdraw(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to undo the declaration of a year (撤销)."""
        row = get_object_or_404(CompleteYear, pk=pk)
        approvals.check_may_start(account_of(request), WITHDRAW, row)
        form, start = ReasonForm(request.POST or None), approvals.Start(WITHDRAW, row)
        note = f"撤销后，{row}的节假日保留不动，落在这一年的期限重新带“尚未确认录全”的提示。"
        title = f"撤销{row}节假日已录全的确认"
        return self._ask(request, form, start, title=title, note=note, facts=year_facts(row.year))

    def _ask(
        self, request: HttpRequest, form: forms.Form, start: Callable[..., object], *, title: str, **shown: object
    ) -> HttpResponse:
        """Show what is entered for the year and the form; once sent, propose and go back to the list."""
        if submitted := submit(request, form, start, back=LIST, done=f"已完成：{title}。"):
            return submitted
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "title": f"提请{title}",
            "back": LIST,
            "waits": approvals.waiting_instead(account_of(request), start),
            **shown,
        }
        return render(request, "admin/nanchuan_eval/propose.html", context, status=400 if form.errors else 200)
