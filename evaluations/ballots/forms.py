"""Ballots: forms."""

from django import forms


class RedactionForm(forms.Form):
    """遮盖意见."""

    notice = ""
    words = forms.CharField(
        label="要遮盖的文字",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="照意见原文填写，每行一处，如姓名、电话、住址；只遮盖，不改写",
    )
