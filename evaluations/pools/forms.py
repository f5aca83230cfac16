"""Forms of the pool pages."""

from collections.abc import Sequence
from typing import Any

from django import forms

from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import ExclusionReason, PoolKind
from nanchuan_eval.lists.rules.values import phone
from nanchuan_eval.names.rules.keys import tidy
from nanchuan_eval.web.fields import ReasonForm, TextField


class ObjectionForm(forms.Form):
    """Objection to a published pool (名单异议)."""

    content = TextField(label="异议内容", max_length=500, widget=forms.Textarea(attrs={"rows": 4}))


class AnswerForm(forms.Form):
    """Answer to an objection to a pool."""

    answer = TextField(label="办理结果", max_length=500, widget=forms.Textarea(attrs={"rows": 4}))


class ExclusionForm(forms.Form):
    """Reason for excluding a person from draws (回避), or none to readmit."""

    reason = forms.ChoiceField(
        label="原因", required=False, choices=[("", "恢复参加抽取"), *ExclusionReason.choices], initial="conflict"
    )
    note = TextField(label="说明", max_length=200, help_text="不公开；公开的只有各类原因的人数")

    def __init__(self, *args: Any, people: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whom it is about, masked as in the lists: the page shows every one of them.
        self.people = people


class PoolExportForm(ReasonForm):
    """Pool to export and the reason."""

    kind = forms.ChoiceField(label="名单库", choices=PoolKind.choices)
    field_order = ["kind", "reason"]


class CorrectionForm(ReasonForm):
    """更正本人信息: empty fields are left unchanged."""

    name = TextField(label="姓名", max_length=40, required=False)
    unit = TextField(label="单位", max_length=80, required=False)
    phone = forms.CharField(label="新手机号", max_length=20, required=False, help_text="不更正的，不填写")
    field_order = ["name", "unit", "phone", "reason"]

    def changes(self, entry: PoolEntry) -> dict[str, str]:
        """Return the fields that differ from the entry."""
        typed = {key: tidy(self.cleaned_data[key]) for key in ("name", "unit", "phone")}
        # What is no phone number is kept as typed and refused by the service.
        typed["phone"] = phone(typed["phone"]) or typed["phone"]
        now = {"name": entry.name, "unit": entry.unit, "phone": ""}
        return {key: value for key, value in typed.items() if value and value != now[key]}
