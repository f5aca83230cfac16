"""Form fields shared by all apps."""

from functools import wraps
from typing import Any

from django import forms
from django.db import models

from nanchuan_eval.core.pinyin import initials
from nanchuan_eval.names.rules.keys import tidy, tidy_lines, unprintable

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
FILL, CHOOSE = "请填写这一项。", "请选择这一项。"  # of a field without a label
LONGEST_ASKED = 12  # characters of a label that reads as part of a sentence
BOX = "□"
AROUND = 6  # characters shown around one that does not print


class TextField(forms.CharField):
    """Text as it is stored (`names.rules.keys.tidy`), so that what looks empty is empty; long texts keep their lines.

    A character of the private use area that no standard defines is refused: nobody can tell which one was meant.
    """

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "")
        if unprintable(text):
            raise forms.ValidationError(_unprintable(text), code="unprintable")
        return tidy_lines(text) if isinstance(self.widget, forms.Textarea) else tidy(text)


def _unprintable(text: str) -> str:
    boxes = unprintable(text)
    shown = "".join(BOX if c in boxes else c for c in text)
    at = shown.index(BOX)
    excerpt = shown[max(0, at - AROUND) : at + AROUND + 1]
    return f"“{excerpt}”中的“{BOX}”是系统无法识别的字（自造字），打印时成为方框，请改用通用汉字后重新填写。"


def word_required() -> None:
    """Ask for what is missing by its label (请填写理由、请选择文件); a field's own message goes before."""
    forms.Field.default_error_messages["required"] = FILL
    for chosen in (forms.ChoiceField, forms.FileField, forms.BooleanField):
        chosen.default_error_messages = {**chosen.default_error_messages, "required": CHOOSE}
    make = forms.Field.__init__

    @wraps(make)
    def make_named(field: forms.Field, *given: Any, **named: Any) -> None:
        make(field, *given, **named)
        if field.label and field.error_messages["required"] in {FILL, CHOOSE}:
            label, verb = str(field.label).rstrip("？?"), str(field.error_messages["required"])[:3]
            field.error_messages["required"] = (
                f"{verb}{label}。" if len(label) <= LONGEST_ASKED else f"{verb}“{label}”。"
            )

    forms.Field.__init__ = make_named  # type: ignore[assignment,method-assign]
    forms.MultiValueField.default_error_messages["incomplete"] = "请填写完整。"


class MomentField(forms.DateTimeField):
    """Date and time to the minute, as `datetime-local` inputs send it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class ReasonForm(forms.Form):
    """A reason, kept in the audit log."""

    reason = TextField(label="理由", max_length=300)


class SearchSelect(forms.Select):
    """A choice among many that typing narrows (`static/js/search_select.js`); without JavaScript a plain list."""

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"data-search": True, **(attrs or {})}, choices)

    def create_option(self, name: str, value: Any, label: int | str, *given: Any, **named: Any) -> dict[str, Any]:
        """Give an option the initials of its pinyin."""
        option = super().create_option(name, value, label, *given, **named)
        option["attrs"]["data-initials"] = "".join(initials(str(label)))
        return option


# How the admin's model forms take text.
CLEAN_TEXT = {models.CharField: {"form_class": TextField}, models.TextField: {"form_class": TextField}}
# ... and choices among records.
ADMIN_FIELDS: dict[Any, dict[str, Any]] = {**CLEAN_TEXT, models.ForeignKey: {"widget": SearchSelect}}


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
