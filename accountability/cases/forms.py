"""Forms that ask for a reason or a note, shared by features."""

from django import forms

from nanchuan_eval.web.fields import TextField, long_text


class ReasonForm(forms.Form):
    """标为不适用: the reason."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 4, "cols": 80}))


class ReasonedForm(forms.Form):
    """The reason of an action."""

    reason = TextField(label="理由", max_length=300)


class NoteForm(forms.Form):
    """A note with the reason."""

    note = long_text("理由", most=300, rows=3)
