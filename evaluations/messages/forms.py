"""Forms of the page about letters and messages (发送情况)."""

from typing import Any

from django import forms

from evaluations.codes.forms import SiteField
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.web.fields import TextField

PURPOSES = [(DrawPurpose.CLIENTS.value, "办事群众"), (DrawPurpose.EVALUATORS.value, "定向评议人员")]


class DeliverForm(forms.Form):
    """Whose codes are made, and how they go out."""

    purposes = forms.MultipleChoiceField(
        label="发给",
        choices=PURPOSES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请选择发给哪些抽中人员。"},
    )
    way = forms.ChoiceField(
        label="方式",
        choices=[("sms", "发短信；没有手机号或者已退订的，打印信函"), ("letters", "全部打印信函")],
        widget=forms.RadioSelect,
    )
    site = SiteField()

    def __init__(self, *args: Any, has_gateway: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        way = self.fields["way"]
        if not has_gateway and isinstance(way, forms.ChoiceField):
            way.choices = [("letters", "全部打印信函（没有设置短信网关）")]
            way.initial = "letters"

    def clean_purposes(self) -> list[DrawPurpose]:
        """Return the draws."""
        return [DrawPurpose(value) for value in self.cleaned_data["purposes"]]


class StopForm(forms.Form):
    """A phone to put on the stop list, or to take off it."""

    phone = TextField(
        label="手机号",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="只保存加密的号码，操作日志不含号码",
    )
