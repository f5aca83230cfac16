"""The filter of a round's 办理记录."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from evaluations.round_log.queries import TOPICS, on_topic
from nanchuan_eval.audit.models import AuditEntry


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class LogFilter(forms.Form):
    """Topic, first and last day; all optional."""

    topic = forms.ChoiceField(label="事项", required=False, choices=[("", "全部"), *((t, t) for t in TOPICS)])
    since = _day("从")
    until = _day("到")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            raise forms.ValidationError("起始日期晚于截止日期，请更改其中一个。")
        return data

    def chosen(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries that the filter leaves; all of them if it was not filled in rightly."""
        if not self.is_valid():
            return entries
        data = self.cleaned_data
        if data["topic"]:
            entries = on_topic(entries, data["topic"])
        if data["since"]:
            entries = entries.filter(at__gte=_midnight(data["since"]))
        if data["until"]:
            entries = entries.filter(at__lt=_midnight(data["until"] + timedelta(1)))
        return entries


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
