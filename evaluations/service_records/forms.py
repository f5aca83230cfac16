"""The forms for a unit's own count of a day, and for the file that its liaison uploads."""

from django import forms

from departments.models import Department
from evaluations.service_records.rules.stated import EXAMPLE, MOST_DAYS
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE, MIB
from nanchuan_eval.web.fields import TextField


class OwnCountForm(forms.Form):
    """本单位自报办件数."""

    counts = TextField(
        label="每天的办件数",
        widget=forms.Textarea(attrs={"rows": 8}),
        max_length=20_000,
        help_text=f"每行一天：办结日期和件数，例如 {EXAMPLE}；可以从表格中复制两列，一次最多{MOST_DAYS}天",
    )
    reason = TextField(
        label="改动原因", max_length=200, required=False, help_text="改动已经报送的件数才填写；改动前的数也公布"
    )


class StatedCountForm(OwnCountForm):
    """单位自报办件数, of any unit."""

    unit = forms.ModelChoiceField(Department.objects.filter(is_active=True), label="单位")
    field_order = ("unit", "counts", "reason")


class OwnRecordsForm(forms.Form):
    """本单位的办件清单."""

    file = forms.FileField(
        label="文件",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text=f"Excel 工作簿（.xlsx）或 CSV 文本（.csv），不超过{LARGEST_FILE // MIB}MB、5万行；"
        "列：办件编号、科室、办结日期、姓名、手机号、事项、类别、工作单位、回避申报",
        error_messages={"required": "请选择文件。", "empty": "文件没有内容，请重新选择文件。"},
    )
    is_trial = forms.BooleanField(label="只检查，不导入", required=False, help_text="先看件数、人数和提示")
