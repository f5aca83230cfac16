"""The form of a round: improbable dates are saved only once each of them was ticked."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.queries import dates_of, unusual_dates_of
from nanchuan_eval.clock import queries as clock

DATES = ("period_start", "period_end", "opens_at", "closes_at")


class RoundForm(forms.ModelForm[Round]):
    """Name, period and times of a round, and a tick for each date that is improbable."""

    dates_confirmed = forms.Field(
        label="日期核对", required=False, widget=forms.MultipleHiddenInput, help_text="逐项核对，确认无误的打勾"
    )

    class Meta:
        model = Round
        fields = ["key", "name", *DATES]
        help_texts: ClassVar = {
            "key": "用于网址和票号计算，如 2020H1、2014Q2，建立后不再修改",
            "name": "如 2020年上半年、2014年第二季度",
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if any(data.get(name) is None for name in DATES) or not self._is_dated():
            return data
        round_ = Round(**{name: data[name] for name in DATES})
        if not dates_of(round_).are_in_order:
            return data
        asked = unusual_dates_of(round_, timezone.localdate(clock.now()))
        ticked = data.get("dates_confirmed") or []
        if asked:
            choices = [(each, each) for each in asked]
            self.fields["dates_confirmed"].widget = forms.CheckboxSelectMultiple(choices=choices)
        if not set(asked) <= set(ticked):
            self.add_error(
                "dates_confirmed", "以下日期不寻常，请核对。有误的，更改后再保存；确认无误的，逐项打勾后再保存。"
            )
        data["dates_confirmed"] = asked
        return data

    def _is_dated(self) -> bool:
        """True if the dates are new or changed: what was confirmed once is not asked again."""
        return self.instance.pk is None or any(name in self.changed_data for name in DATES)
