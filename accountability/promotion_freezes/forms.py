"""Input of the personnel's pages."""

from django import forms

from nanchuan_eval.web.fields import TextField, day


class AskForm(forms.Form):
    """查询影响期."""

    name = TextField(label="姓名", max_length=40, required=False)
    unit = TextField(
        label="单位", max_length=60, required=False, help_text="只填写单位的，列出该单位在影响期内的全部人员"
    )
    on = day("拟任用日期")

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if not data.get("name") and not data.get("unit"):
            raise forms.ValidationError("请填写姓名或单位。")
        return data


class ListForm(forms.Form):
    """批量查询: a workbook of names."""

    file = forms.FileField(label="名单（.xlsx 或 .csv）", help_text="第一行为表头：姓名、单位、日期；日期不填按今天")
