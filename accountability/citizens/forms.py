"""Input of citizens, and of who answers them."""

from django import forms

from accountability.citizens.rules import Satisfaction
from nanchuan_eval.web.fields import TextField, long_text


class SuggestionForm(forms.Form):
    """群众建议: no name, no phone."""

    unit = TextField(label="单位名称", max_length=60, error_messages={"required": "请填写单位名称。"})
    section = TextField(label="科室或窗口名称", max_length=60, error_messages={"required": "请填写科室或窗口名称。"})
    reason = long_text("建议理由", most=500, help_text="请勿填写本人和他人的姓名、电话")


class FollowUpForm(forms.Form):
    """追评: a receipt and one answer."""

    receipt = TextField(
        label="回执号",
        max_length=60,
        help_text="提交评议票前显示的20位数字和字母",
        error_messages={"required": "请输入回执号。"},
    )
    satisfaction = forms.ChoiceField(label="整改后是否有所好转", choices=Satisfaction.choices, widget=forms.RadioSelect)


class AnswerForm(forms.Form):
    """答复群众建议."""

    adopted = forms.TypedChoiceField(
        label="办理结果",
        choices=[("1", "采纳"), ("0", "不采纳")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    reply = long_text("答复（公开）", most=300, rows=3)
