"""问题线索, for the commission; 404 for everybody else."""

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accountability.leads import services as leads_services
from accountability.leads.models import Lead, LeadState
from accountability.leads.pages import lead_table
from accountability.leads.services import Finding
from evaluations.rounds.models import RoundSection
from evaluations.scoring.wording import VETOED_FIRST
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view
from nanchuan_eval.web.fields import SearchSelect, TextField, day, long_text


class LeadForm(forms.Form):
    """A lead about a section: the facts reported."""

    section = forms.ModelChoiceField(
        RoundSection.objects.select_related("round"), label="科室", empty_label="请选择", widget=SearchSelect
    )
    facts = long_text("线索内容", most=3000, rows=6)


class FindingForm(forms.Form):
    """Finding that concludes a lead."""

    state = forms.ChoiceField(
        label="核查结论",
        choices=[(state.value, state.label) for state in (LeadState.VERIFIED, LeadState.UNFOUNDED)],
        widget=forms.RadioSelect,
    )
    conclusion = long_text("处置情况")
    decision = TextField(label="决定文号", max_length=60, required=False, help_text="查实的必须填写")
    decided_on = day("决定日期", required=False)

    def finding(self) -> Finding:
        """The form's data as a finding."""
        data = self.cleaned_data
        return Finding(LeadState(data["state"]), data["conclusion"], data["decision"], data["decided_on"])


@staff_view
def leads(request: HttpRequest) -> HttpResponse:
    """List all leads, those awaiting verification first."""
    rows = list(_visible(request).order_by("state", "-received_at"))
    context = {"is_demo": any(row.section.round.is_demo for row in rows)}
    template = "accountability/leads/leads.html"
    return show_tables(request, template, context, [lead_table(rows)], action=leads_services.LEAD)


@staff_view
def receive(request: HttpRequest) -> HttpResponse:
    """Register a lead (登记问题线索)."""
    _visible(request)
    policy.check_may_start(account_of(request), leads_services.LEAD)
    page = FormPage("登记问题线索", "登记", reverse("accountability:leads"), note="仅纪委监委可见。")

    def receive(*, section: RoundSection, **given: Any) -> object:
        return leads_services.receive_lead(section_id=section.pk, **given)

    return show_form(request, LeadForm(request.POST or None), page, receive)


@staff_view
def conclude(request: HttpRequest, pk: int) -> HttpResponse:
    """Conclude a lead; a verified one may enter a veto (办结问题线索)."""
    lead = get_object_or_404(_visible(request), pk=pk)
    policy.check_may_start(account_of(request), leads_services.LEAD)
    facts = [("科室", lead.section), ("线索内容", lead.facts)]
    page = FormPage(
        f"办结问题线索：{lead.section}",
        "办结",
        reverse("accountability:leads"),
        facts,
        follows=f"随即办结，结论不能再改动；查实的，如有尚未公示的轮次，该科室在该轮一票否决：{VETOED_FIRST}",
        refuses=partial(leads_services.refuse_concluded, lead),
    )
    form = FindingForm(request.POST or None)

    def conclude(*, by: User, at: datetime, **_: object) -> str:
        _lead, veto = leads_services.conclude_lead(lead_id=lead.pk, finding=form.finding(), by=by, at=at)
        return f"线索已办结，已在{veto.round.name}录入一票否决。" if veto else "线索已办结。"

    return show_form(request, form, page, conclude)


def _visible(request: HttpRequest) -> QuerySet[Lead]:
    if not policy.may(account_of(request), leads_services.LEAD):
        raise policy.Hidden(account_of(request), leads_services.LEAD, request.path)
    return Lead.objects.select_related("section__round", "inspection", "concluded_by")
