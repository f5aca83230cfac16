"""Forms of the desk: they clean input; services decide."""

from django import forms


class ReasonForm(forms.Form):
    """理由."""

    reason = forms.CharField(label="理由", max_length=300)
