"""Forms of the draw pages."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from evaluations.draws.models import PlannedDraw
from evaluations.draws.rules import Delivery, RemovalReason
from evaluations.draws.services.ceremony import Reading, needs_issue
from nanchuan_eval.web.fields import TextField

WITNESSES = ("第一位", "第二位", "第三位", "第四位")
DIGITS = re.compile(r"[0-9]+")


class PlanForm(forms.ModelForm[PlannedDraw]):
    """A planned draw (抽取登记); a change after its announcement needs a reason."""

    reason = TextField(label="更改理由", max_length=200, required=False, help_text="更改已公告的抽取时必填，内容公开")

    class Meta:
        model = PlannedDraw
        fields = ["planned_at", "place", "witnesses"]


class ReadingForm(forms.Form):
    """随机数: one field for each witness's dice; a single field and the issue number for a lottery."""

    def __init__(self, *args: Any, number: int, source: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number, self.source = number, source
        self.groups = len(WITNESSES) if source["order"] == "drawn" and source["n"] % len(WITNESSES) == 0 else 1
        each = source["n"] // self.groups
        for index in range(self.groups):
            whose = f"{WITNESSES[index]}见证人掷出的{each}个数" if self.groups > 1 else f"{source['label']}的{each}个数"
            self.fields[f"numbers{index}"] = forms.CharField(
                label=whose,
                max_length=300,
                help_text=_how(source),
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )
        if needs_issue(source):
            self.fields["issue"] = forms.CharField(label="期号", max_length=20, help_text="如 2020123")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for index in range(self.groups):
            name = f"numbers{index}"
            if name in data and DIGITS.sub("", data[name]).strip(" ,，、"):
                self.add_error(name, "只能填数字，用空格或逗号分开。")
        return data

    def reading(self) -> Reading:
        """Return the numbers entered, a lottery's sorted; the protocol checks them."""
        numbers = [n for index in range(self.groups) for n in self._numbers(self.cleaned_data[f"numbers{index}"])]
        if self.source["order"] == "sorted":
            numbers.sort()
        return Reading(self.number, numbers, self.cleaned_data.get("issue", ""))

    def _numbers(self, text: str) -> list[int]:
        """Parse numbers; digits may be typed without separators (31415)."""
        one_digit = self.source["max"] <= 9
        return [int(part) for run in DIGITS.findall(text) for part in (run if one_digit else [run])]


class SigningForm(forms.Form):
    """A supervisor's signing code (签名码)."""

    code = forms.CharField(label="签名码", max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class RemovalForm(forms.Form):
    """Reason and calls for removing a drawn person (移除)."""

    reason = forms.ChoiceField(label="原因", choices=RemovalReason.choices)
    calls = forms.CharField(
        label="拨打日期",
        required=False,
        max_length=300,
        help_text="认定失联时必填，如 2020-07-10 2020-07-10 2020-07-11",
    )
    explanation = TextField(label="说明", max_length=300, help_text="不公开；公开的是原因和匿名编号")

    def clean_calls(self) -> list[date]:
        """Return the dates of the calls."""
        parts = re.split(r"[\s,，、]+", self.cleaned_data["calls"].strip())
        try:
            return [date.fromisoformat(part) for part in parts if part]
        except ValueError:
            raise forms.ValidationError("日期格式有误，请按“2020-07-10”的格式填写，多个日期用空格分隔。") from None


class FurtherRoundForm(forms.Form):
    """How those whom a further round draws get their codes: in the same act, or by 生成票号 afterwards."""

    way = forms.ChoiceField(
        label="票号和通知",
        choices=Delivery,
        initial=Delivery.SMS,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择新抽中的人怎样得到票号。"},
    )

    def delivery(self, site: str) -> dict[str, str]:
        """Return what goes with the proposal; nothing if the codes are made by an act of their own."""
        way = self.cleaned_data["way"]
        return {} if way == Delivery.LATER else {"way": way, "site": site}


class LettersForm(forms.Form):
    """File to make for the persons drawn: letters or text messages."""

    form = forms.ChoiceField(label="生成文件", choices=[("pdf", "通知书（PDF）"), ("sms", "短信平台名单（Excel）")])
    reason = TextField(
        label="用途", max_length=200, initial="寄发抽中通知书", help_text="通知书印有本人手机号，每次打印均记入操作日志"
    )


def _how(source: Mapping[str, Any]) -> str:
    if source["max"] <= 9:
        return f"每个{source['min']}到{source['max']}，可以连续填写"
    return f"每个{source['min']}到{source['max']}，用空格或逗号分开"
