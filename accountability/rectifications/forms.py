"""Forms for plans, progress and acceptance."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accountability.rectifications.rules import TermKind
from nanchuan_eval.web.fields import TextField, day, long_text, two_choices


class ItemForm(forms.Form):
    """One item of the plan (整改方案): cause, goal, measures, people and term."""

    cause = long_text("原因", most=1000)
    goal = long_text("目标", most=1000)
    measures = long_text("整改措施")
    leader = TextField(label="责任领导", max_length=40)
    person = TextField(label="责任人", max_length=40)
    term = forms.ChoiceField(label="时限种类", choices=TermKind.choices, widget=forms.RadioSelect)
    due_on = day("完成时限", help_text="时限种类为“长期坚持”的，填写阶段目标日期")


class SignForm(forms.Form):
    """Another problem (增加问题): a 表象 of the round's ballot form."""

    sign = forms.ChoiceField(label="问题（表象）")

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sign"].choices = choices  # type: ignore[attr-defined]


class OpinionForm(forms.Form):
    """The party committee's opinion on the plan (报送整改方案)."""

    opinion = long_text("单位党委（党组）意见", most=1000)


class DecisionForm(forms.Form):
    """Decision on a plan: accept or return (认可、退回)."""

    accepted = two_choices("审核结果", "认可", "退回")
    note = long_text("审核意见", most=500, required=False, help_text="退回时必须写明理由")


class ProgressForm(forms.Form):
    """A report of progress (填报进展)."""

    text = long_text("进展情况", rows=5)


class OutcomeForm(forms.Form):
    """A report of completion (申报完成)."""

    outcome = long_text("完成情况", rows=5)


class ReportForm(forms.Form):
    """The unit's rectification report (整改报告)."""

    report = long_text("整改报告", most=10_000, rows=12)


class ExtensionForm(forms.Form):
    """A request for a later due date (申请延期)."""

    due_on = day("延期至")
    reason = long_text("延期理由", most=300, rows=3)


class GrantForm(forms.Form):
    """Decision on an extension (审批延期)."""

    granted = two_choices("审批结果", "同意延期", "不同意")


class VerdictForm(forms.Form):
    """Acceptance of an item (销号)."""

    verdict = long_text("验收意见", most=500)


class SendBackForm(VerdictForm):
    """Return of an item with a new due date (退回重改)."""

    due_on = day("新的完成时限")
