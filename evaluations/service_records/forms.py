"""The form for a unit's own count of a day."""

from django import forms

from departments.models import Department
from evaluations.service_records.services.stated import MOST
from nanchuan_eval.web.fields import TextField


class StatedCountForm(forms.Form):
    """单位自报办件数."""

    unit = forms.ModelChoiceField(Department.objects.filter(is_active=True), label="单位")
    day = forms.DateField(label="办结日期", widget=forms.DateInput(attrs={"type": "date"}))
    records = forms.IntegerField(label="单位自报办件数", min_value=0, max_value=MOST)
    reason = TextField(
        label="改动原因", max_length=200, required=False, help_text="改动已经报送的件数才填写；原数留在操作日志中"
    )
