"""Form fields shared by all apps."""

import unicodedata
from typing import Any

from django import forms

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co"})
KEPT = frozenset("\r\n\t")


class TextField(forms.CharField):
    """Text without invisible characters, so that what looks empty is empty."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return "".join(c for c in text if c in KEPT or unicodedata.category(c) not in INVISIBLE).strip()


class MomentField(forms.DateTimeField):
    """Date and time to the minute, as `datetime-local` inputs send it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class ReasonForm(forms.Form):
    """A reason, kept in the audit log."""

    reason = TextField(label="理由", max_length=300)


def two_choices(label: str, yes: str, no: str) -> forms.TypedChoiceField:
    """Return a field whose value is True or False."""
    choices = [("1", yes), ("0", no)]
    return forms.TypedChoiceField(label=label, choices=choices, coerce="1".__eq__, widget=forms.RadioSelect)


def long_text(label: str, *, most: int = 2000, rows: int = 4, required: bool = True, help_text: str = "") -> TextField:
    """Return a field for text of several lines."""
    return TextField(
        label=label,
        max_length=most,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def day(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    """Return a field for a date."""
    return forms.DateField(label=label, widget=DAY, required=required, help_text=help_text)


class NoteForm(forms.Form):
    """A reason in a few sentences."""

    note = long_text("理由", most=300, rows=3)
