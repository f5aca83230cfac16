"""Forms of the pool pages."""

from django import forms

from evaluations.pools.models import PoolEntry
from evaluations.pools.rules import ExclusionReason, PoolKind
from nanchuan_eval.web.fields import ReasonForm


class PoolFileForm(forms.Form):
    """File of persons to import into a pool (名单文件)."""

    kind = forms.ChoiceField(label="名单库", choices=PoolKind.choices)
    file = forms.FileField(
        label="名单文件",
        help_text="支持 .xlsx、.csv 文件。监督员库和定向评议名单库须有“身份类别”“姓名”“手机号”三列，"
        "服务对象库须有“姓名”“手机号”“办过事的科室”三列；可以另有“单位”“办过事的科室”“回避申报”列。",
    )


class ObjectionForm(forms.Form):
    """Objection to a published pool (名单异议)."""

    content = forms.CharField(label="异议内容", max_length=500, widget=forms.Textarea(attrs={"rows": 4}))


class AnswerForm(forms.Form):
    """Answer to an objection to a pool."""

    answer = forms.CharField(label="处理结果", max_length=500, widget=forms.Textarea(attrs={"rows": 4}))


class ExclusionForm(forms.Form):
    """Reason for excluding a person from draws (回避), or none to readmit."""

    reason = forms.ChoiceField(
        label="原因", required=False, choices=[("", "恢复参加抽取"), *ExclusionReason.choices], initial="conflict"
    )
    note = forms.CharField(label="说明", max_length=200, help_text="不公开；公开的只有各类原因的人数")


class PoolExportForm(ReasonForm):
    """Pool to export and the reason."""

    kind = forms.ChoiceField(label="名单库", choices=PoolKind.choices)
    field_order = ["kind", "reason"]


class CorrectionForm(ReasonForm):
    """更正本人信息: empty fields are left unchanged."""

    name = forms.CharField(label="姓名", max_length=40, required=False)
    unit = forms.CharField(label="单位", max_length=80, required=False)
    phone = forms.CharField(label="新手机号", max_length=20, required=False, help_text="不更正的，不填写")
    field_order = ["name", "unit", "phone", "reason"]

    def changes(self, entry: PoolEntry) -> dict[str, str]:
        """Return the fields that differ from the entry."""
        typed = {key: self.cleaned_data[key].strip() for key in ("name", "unit", "phone")}
        typed["phone"] = typed["phone"].replace(" ", "").replace("-", "")
        now = {"name": entry.name, "unit": entry.unit, "phone": ""}
        return {key: value for key, value in typed.items() if value and value != now[key]}
