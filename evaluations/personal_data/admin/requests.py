"""Requests about personal data on the staff site: the request, the data held, the answer, with approval."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from evaluations.personal_data.admin.records import RecordPages
from evaluations.personal_data.models import DataRequest, RequestState
from evaluations.personal_data.services import clients, requests
from evaluations.personal_data.services.people import entries_of
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, submit
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import ReasonForm, TextField
from nanchuan_eval.workdays.queries import declared_for
from nanchuan_eval.workdays.rules import in_chinese, with_hint
from nanchuan_eval.workspace.rules import Phase

# Forms of the page that start an approvable action.
STARTED = {"copy": requests.COPY, "answer": requests.ANSWER}


class CopyForm(forms.Form):
    """Whose data: several people may share the phone."""

    name = TextField(label="本人姓名（与证件一致）", max_length=50)


class AnswerRequestForm(forms.Form):
    """Outcome of a personal data request and its explanation."""

    ENDS = (RequestState.DONE, RequestState.DECLINED)
    state = forms.ChoiceField(label="结论", choices=[(state.value, state.label) for state in ENDS])
    answer = TextField(label="办理结果", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(DataRequest)
class DataRequestAdmin(RecordPages):
    """Admin of personal data requests (个人信息申请)."""

    phase = Phase.DRAWING
    order = 3
    see_action = requests.HANDLE
    list_display = ["reference", "wish", "shown_phone", "received_at", "state", "open_link"]
    list_filter = ["state", "wish"]
    list_display_links = None
    search_fields = ["reference"]
    search_help_text = "按编号查找"

    def get_list_display(self, request: HttpRequest) -> Any:
        """Insert the due date with its hint, for which the years are read once."""

        @admin.display(description="答复期限", ordering="due_on")
        def due(row: DataRequest) -> str:
            return with_hint(in_chinese(row.due_on), row.term, declared_for(request))

        shown = list(super().get_list_display(request))
        shown.insert(shown.index("received_at") + 1, due)
        return shown

    @admin.display(description="手机号")
    def shown_phone(self, row: DataRequest) -> str:
        return row.masked_phone

    @admin.display(description="办理")
    def open_link(self, row: DataRequest) -> SafeString:
        return format_html('<a href="{}">办理</a>', _page(row))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/handle/", wrap(never_cache(self.handle)), name="data-request"),
            path("<int:pk>/client/<int:client>/erase/", wrap(self.erase_client), name="client-erase"),
            path("<int:pk>/copy/", wrap(never_cache(self.copy)), name="data-copy"),
            *super().get_urls(),
        ]

    def handle(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a request and the data held; handle a copy, an answer, or a full phone for a reason (POST)."""
        user, at = account_of(request), clock.now()
        policy.check_sees(user, requests.HANDLE)
        row, asked, shown = get_object_or_404(DataRequest, pk=pk), request.POST.get("act", ""), None
        forms: dict[str, Any] = {
            "copy": ReasonForm(request.POST if asked == "copy" else None, prefix="copy"),
            "phone": ReasonForm(request.POST if asked == "phone" else None, prefix="phone"),
            "answer": AnswerRequestForm(request.POST if asked == "answer" else None, prefix="answer"),
        }
        if request.method == "POST" and asked not in forms:
            raise Http404
        if asked in STARTED:
            start = approvals.Start(STARTED[asked], row)
            if started := submit(request, forms[asked], start, back=_page(row), done="已办理。"):
                return started
        elif forms["phone"].is_valid():
            unmask = partial(requests.unmask_request, request_id=pk, by=user, at=at)
            shown = attempt(forms["phone"], partial(unmask, **forms["phone"].cleaned_data))
        context = {
            **self.admin_site.each_context(request),
            "title": f"个人信息申请 {row.reference}",
            "row": row,
            "entries": list(entries_of(row.phone_hash)),
            "clients": list(clients.clients_of(row.phone_hash)),
            "forms": forms,
            "copy_form": CopyForm(),
            "shown": shown,
            "may_start": policy.may_start(user, requests.HANDLE) and row.state == RequestState.OPEN,
            "may_unmask": policy.may(user, "pool.unmask"),
            "may_fetch": authorizations.may_use(requests.COPY, row, by=user, at=at),
            "waiting": approvals.waiting_about(user, row),
        }
        return TemplateResponse(request, "admin/evaluations/data_request/page.html", context)

    def erase_client(self, request: HttpRequest, pk: int, client: int) -> HttpResponse:
        """Erase the person of service records who asks for it: proposed by one, approved by another."""
        if not policy.may_start(account_of(request), requests.HANDLE):
            raise policy.Denied(account_of(request), requests.HANDLE)
        row = get_object_or_404(DataRequest, pk=pk)
        person = get_object_or_404(clients.clients_of(row.phone_hash), pk=client)
        form, start = ReasonForm(request.POST or None), approvals.Start(clients.ERASE, person)
        if started := submit(request, form, start, back=_page(row), done="已办理。"):
            return started
        context = {
            **self.admin_site.each_context(request),
            "title": "本人申请删除办件中的个人信息",
            "row": row,
            "person": person,
            "form": form,
        }
        return TemplateResponse(request, "admin/evaluations/data_request/erase.html", context)

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download the data held about the person, after approval (POST only)."""
        row = get_object_or_404(DataRequest, pk=pk)
        if request.method != "POST":
            return redirect(_page(row))
        form = CopyForm(request.POST)
        name = form.cleaned_data["name"] if form.is_valid() else ""
        copy = partial(requests.copy_for_person, request_id=pk, name=name, by=account_of(request), at=clock.now())
        content = attempt(request, copy)
        return download(content, f"data-{row.reference}.xlsx") if content else redirect(_page(row))


def _page(row: DataRequest) -> str:
    return reverse("admin:data-request", args=[row.pk])
