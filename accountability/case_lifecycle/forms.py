"""Forms of the case pages: a measure's record, the end of a freeze, the responsible head."""

from collections.abc import Sequence
from typing import Any

from django import forms

from nanchuan_eval.web.fields import DAY


class RecordForm(forms.Form):
    """登记办理: date and record of a measure."""

    done_on = forms.DateField(label="办理日期", widget=DAY)
    record = forms.CharField(
        label="办理记录",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text="谈话提醒请写明：谈话人、谈话对象及职务、地点、事由、谈话要点、对象表态、整改要求、记录人。",
    )


class LiftForm(forms.Form):
    """解除影响期: date and reason."""

    on = forms.DateField(label="解除日期", widget=DAY)
    reason = forms.CharField(
        label="解除理由",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        help_text="例如：影响期届满。更正名单撤下的，系统随更正自动解除。",
    )


class HeadForm(forms.Form):
    """更正责任人: one of the heads in office during the rated period."""

    tenure = forms.ChoiceField(label="责任人", widget=forms.RadioSelect)
    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tenure"].choices = choices  # type: ignore[attr-defined]
