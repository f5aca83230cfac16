"""Turnout: forms."""

from django import forms


class ReviewForm(forms.Form):
    """核查领票异常."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2_000_000_000)
    review = forms.CharField(
        label="核查情况",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="填写核查内容和结论，例如：镇服务大厅集中领票，属正常情况。已领取的票号仍然有效",
    )
