"""Input of citizens, and of who answers them."""

from django import forms

from accountability.forms.fields import TextField, long_text
from accountability.rules.citizens import Satisfaction


class SuggestionForm(forms.Form):
    """群众建议: no name, no phone."""

    unit = TextField(label="哪个单位", max_length=60)
    section = TextField(label="哪个科室或窗口", max_length=60)
    reason = long_text("为什么应该评议它", most=500, help_text="不要写自己和别人的姓名、电话")


class FollowUpForm(forms.Form):
    """追评: a receipt and one answer."""

    receipt = TextField(label="回执号", max_length=60, help_text="投票时显示的20位数字和字母")
    satisfaction = forms.ChoiceField(label="整改后有没有好转", choices=Satisfaction.choices, widget=forms.RadioSelect)


class AnswerForm(forms.Form):
    """答复群众建议."""

    adopted = forms.TypedChoiceField(
        label="处理结果",
        choices=[("1", "采纳"), ("0", "不采纳")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    reply = long_text("答复（公开）", most=300, rows=3)
