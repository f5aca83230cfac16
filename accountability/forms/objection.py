"""Input of objections and leads."""

from typing import Any

from django import forms

from accountability.forms.fields import TextField, day, long_text
from accountability.rules.inspection import LeadState
from accountability.rules.objections import Ground, Outcome
from accountability.services.lead import Finding
from accountability.services.objection import Decision, supervisors
from evaluations.models import Round, RoundSection


class ObjectionForm(forms.Form):
    """提出异议或申诉: facts only."""

    section = forms.ModelChoiceField(RoundSection.objects.none(), label="科室", empty_label="请选择")
    ground = forms.ChoiceField(label="事由", choices=Ground.choices, widget=forms.RadioSelect)
    facts = long_text("事实和理由", most=3000, rows=6, help_text="只受理对事实的异议；单纯对得分高低不服的，不予受理")

    def __init__(self, *args: Any, sections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["section"].queryset = sections  # type: ignore[attr-defined]


class ReviewForm(forms.Form):
    """提请复核."""

    facts = long_text("提请复核的理由", most=3000, rows=6)


class WitnessForm(forms.Form):
    """复算: who is present."""

    witnesses = forms.MultipleChoiceField(label="在场监督员（至少两人）", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, round_: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entries = supervisors(round_)
        choices = [(entry.pk, entry.person.name if entry.person else entry.token[:8]) for entry in entries]
        self.fields["witnesses"].choices = choices  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    """答复."""

    outcome = forms.ChoiceField(label="结论", choices=Outcome.choices, widget=forms.RadioSelect)
    answer = long_text("答复", most=3000, rows=6, help_text="不得透露评议人员身份")

    def decision(self) -> Decision:
        """Return the answer."""
        return Decision(Outcome(self.cleaned_data["outcome"]), self.cleaned_data["answer"])


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
