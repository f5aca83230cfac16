"""Forms of objections."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accountability.objections.rules import Ground, Outcome
from accountability.objections.services import Decision
from evaluations.rounds.models import RoundSection
from nanchuan_eval.web.fields import SearchSelect, long_text


class ObjectionForm(forms.Form):
    """提出异议或申诉: facts only."""

    section = forms.ModelChoiceField(
        RoundSection.objects.none(), label="科室", empty_label="请选择", widget=SearchSelect
    )
    ground = forms.ChoiceField(label="事由", choices=Ground.choices, widget=forms.RadioSelect)
    facts = long_text("事实和理由", most=3000, rows=6, help_text="只受理对事实的异议；单纯对得分高低不服的，不予受理")

    def __init__(self, *args: Any, sections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["section"].queryset = sections  # type: ignore[attr-defined]


class ReviewForm(forms.Form):
    """Grounds of a request for review by the leading group (提请复核)."""

    facts = long_text("提请复核的理由", most=3000, rows=6)


class DecisionForm(forms.Form):
    """Outcome of an objection and the answer to the unit."""

    outcome = forms.ChoiceField(label="结论", choices=Outcome.choices, widget=forms.RadioSelect)
    answer = long_text("答复", most=3000, rows=6, help_text="不得透露评议人员身份")

    def __init__(self, *args: Any, outcomes: Iterable[Outcome], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(outcome.value, outcome.label) for outcome in outcomes]
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]

    def decision(self) -> Decision:
        """The form's data as a decision."""
        return Decision(Outcome(self.cleaned_data["outcome"]), self.cleaned_data["answer"])
