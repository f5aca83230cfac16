"""Leads: forms."""

from django import forms

from accountability.leads.rules import LeadState
from accountability.leads.services import Finding
from evaluations.rounds.models import RoundSection
from nanchuan_eval.web.fields import TextField, day, long_text


class LeadForm(forms.Form):
    """登记问题线索."""

    section = forms.ModelChoiceField(RoundSection.objects.select_related("round"), label="科室", empty_label="请选择")
    facts = long_text("线索内容", most=3000, rows=6)


class FindingForm(forms.Form):
    """办结问题线索."""

    state = forms.ChoiceField(
        label="核查结论",
        choices=[(state.value, state.label) for state in (LeadState.VERIFIED, LeadState.UNFOUNDED)],
        widget=forms.RadioSelect,
    )
    conclusion = long_text("处置情况")
    decision = TextField(label="决定文号", max_length=60, required=False, help_text="查实的必须填写")
    decided_on = day("决定日期", required=False)

    def finding(self) -> Finding:
        """Return how the lead ended."""
        data = self.cleaned_data
        return Finding(LeadState(data["state"]), data["conclusion"], data["decision"], data["decided_on"])
