"""Input of the accountability desk."""

from django import forms

from nanchuan_eval.web.fields import TextField, long_text


class ReasonForm(forms.Form):
    """标为不适用: why a measure does not apply."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 4, "cols": 80}))


class ReasonedForm(forms.Form):
    """An act with its reason."""

    reason = TextField(label="理由", max_length=300)


class NoteForm(forms.Form):
    """One sentence with a reason."""

    note = long_text("理由", most=300, rows=3)
