"""Input of the accountability desk."""

from django import forms

from nanchuan_eval.web.fields import DAY, TextField, long_text


class RecordForm(forms.Form):
    """登记办理: when it was done and what was done."""

    done_on = forms.DateField(label="办理日期", widget=DAY)
    record = forms.CharField(
        label="办理记录",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text="谈话提醒请写明：谈话人、谈话对象及职务、地点、事由、谈话要点、对象表态、整改要求、记录人。",
    )


class ReasonForm(forms.Form):
    """标为不适用: why a measure does not apply."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 4, "cols": 80}))


class ReasonedForm(forms.Form):
    """An act with its reason."""

    reason = TextField(label="理由", max_length=300)


class NoteForm(forms.Form):
    """One sentence with a reason."""

    note = long_text("理由", most=300, rows=3)
