"""Many measures in one form (批量登记): a row per measure with its own record, one day for those without their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from accountability.assessment.services import RecordRow
from accountability.case_lifecycle.forms import HINTS, LONGEST_RECORD
from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureKind, MeasureState
from nanchuan_eval.web.fields import TextField, day


@dataclass(frozen=True)
class FormRow:
    """A measure with its two fields."""

    measure: Measure
    done_on: forms.BoundField
    record: forms.BoundField


class ManyForm(forms.Form):
    """批量登记办理: rows without a record are left for later."""

    common_on = day("统一办理日期", required=False, help_text="各行没有另填日期的，按此日期登记")

    def __init__(self, *args: Any, measures: Sequence[Measure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measures = measures
        for measure in measures:
            hint = HINTS[MeasureKind(measure.kind)].record
            named = {"type": "date", "aria-label": f"{measure.case}，{measure}：办理日期"}
            self.fields[f"{measure.pk}-done_on"] = forms.DateField(
                label="办理日期", required=False, widget=forms.DateInput(attrs=named, format="%Y-%m-%d")
            )
            self.fields[f"{measure.pk}-record"] = TextField(
                label="办理记录",
                max_length=LONGEST_RECORD,
                required=False,
                help_text=hint,
                widget=forms.Textarea(attrs={"rows": 3, "aria-label": f"{measure.case}，{measure}：办理记录"}),
            )

    @staticmethod
    def sent(data: Any) -> list[int]:
        """Return the measures whose records were sent, so that no typed text is lost if one is no longer pending."""
        keys = [key.removesuffix("-record") for key, text in data.items() if key.endswith("-record") and text.strip()]
        return [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 18]

    def clean(self) -> dict[str, Any]:
        """Return the rows to record; each fault stands at its row."""
        rows, given = [], self.cleaned_data
        for measure in self.measures:
            own, record = given.get(f"{measure.pk}-done_on"), given.get(f"{measure.pk}-record", "")
            done_on = own or given.get("common_on")
            if fault := _fault(measure, record=record, has_day=bool(own), is_dated=bool(done_on)):
                self.add_error(f"{measure.pk}-record", fault)
            elif record and done_on:
                rows.append(RecordRow(measure.pk, done_on, record))
        if not rows and not self.errors:
            raise forms.ValidationError("请至少填写一项的办理记录。")
        return {"rows": rows}

    def rows(self) -> list[FormRow]:
        """The measures with their fields, for the page."""
        return [FormRow(m, self[f"{m.pk}-done_on"], self[f"{m.pk}-record"]) for m in self.measures]


def _fault(measure: Measure, *, record: str, has_day: bool, is_dated: bool) -> str:
    if record and measure.state != MeasureState.PENDING:
        return f"该项已由他人登记（{measure.get_state_display()}），请清空本行。"
    if record and not is_dated:
        return "请填写办理日期。"
    if has_day and not record:
        return "请填写办理记录；暂不登记的，请清空日期。"
    return ""
