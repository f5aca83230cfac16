"""Case lifecycle: forms."""

from collections.abc import Sequence
from typing import Any

from django import forms

from nanchuan_eval.web.fields import DAY


class LiftForm(forms.Form):
    """解除影响期: from which day and why."""

    on = forms.DateField(label="解除日期", widget=DAY)
    reason = forms.CharField(
        label="解除理由",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        help_text="例如：影响期届满。更正名单撤下的，系统随更正自动解除。",
    )


class HeadForm(forms.Form):
    """更正责任人: one of those in office in the rated period."""

    tenure = forms.ChoiceField(label="责任人", widget=forms.RadioSelect)
    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tenure"].choices = choices  # type: ignore[attr-defined]
