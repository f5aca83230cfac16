"""Forms of personnel: a question about a person or a unit, a list of people."""

from typing import Any

from django import forms
from django.utils import timezone

from nanchuan_eval.lists.rules import values
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.web.fields import TextField


class DaysField(TextField):
    """A day or a month, as people write them."""

    default_error_messages = {
        "unreadable": "“%(text)s”不是日期，请写成2026年12月1日或2026-12-01；只知道月份的，写2026年12月。"
    }

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        span = values.day(text)
        if span is None:
            raise forms.ValidationError(self.error_messages["unreadable"], "unreadable", {"text": text})
        return span


class AskForm(forms.Form):
    """A question about a person or a unit (查询影响期)."""

    name = TextField(label="姓名", max_length=40, required=False)
    unit = TextField(
        label="单位",
        max_length=60,
        required=False,
        help_text="全称、简称、曾用名均可。不填写单位的，只能答复“请核对”或“无影响期”；只填写单位的，列出该单位在影响期内的人员。",
    )
    on = DaysField(
        label="拟任用日期",
        max_length=40,
        error_messages={"required": "请填写拟任用日期。"},
        initial=lambda: timezone.localdate().isoformat(),
        help_text="例如：2026年12月1日、2026/12/1；只知道月份的，写2026年12月，按整月查询。",
    )

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if self.errors:
            return data
        if not data["name"] and not data["unit"]:
            raise forms.ValidationError("请填写姓名或单位。")
        for field in ("name", "unit"):
            if data[field] and not any(character.isalnum() for character in name_key(data[field])):
                self.add_error(field, f"“{data[field]}”中没有文字，请重新填写。")
        return data


class ListForm(forms.Form):
    """批量查询: a workbook of names."""

    file = forms.FileField(
        label="名单（.xlsx 或 .csv）",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": "请选择文件。", "empty": "文件没有内容，请重新选择文件。"},
    )
