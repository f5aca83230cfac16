"""The form of 沿用上一轮: a tick for each rule and each draw, and the new time of each draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from evaluations.carry_over.rules import RuleLine, distance, same_distance
from evaluations.draws.models import PlannedDraw
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose


@dataclass(frozen=True)
class DrawLine:
    """A draw of the last round as it can be announced again: when it was, and when it would be."""

    purpose: DrawPurpose
    planned: PlannedDraw
    distance: str
    suggested: datetime


def draw_lines(round_: Round, earlier: Round) -> list[DrawLine]:
    """Return the draws of the last round that this one has not announced yet (two queries)."""
    own = set(round_.planned_draws.filter(replaced_at=None).values_list("purpose", flat=True))
    found = earlier.planned_draws.filter(replaced_at=None).exclude(purpose__in={*own, DrawPurpose.INSPECTED})
    return [_draw_line(round_, earlier, planned) for planned in found]


class CarryForm(forms.Form):
    """What to take over; ticked where it can be."""

    rules = forms.MultipleChoiceField(required=False)
    draws = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, rules: Sequence[RuleLine], draws: Sequence[DrawLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule_lines, self.draw_lines = rules, draws
        self.fields["rules"].choices = [(line.path, line.label) for line in rules]  # type: ignore[attr-defined]
        self.fields["draws"].choices = [(line.purpose, line.purpose.label) for line in draws]  # type: ignore[attr-defined]
        for line in draws:
            self.fields[_at(line.purpose)] = forms.DateTimeField(
                label=f"{line.purpose.label}的时间", required=False, initial=line.suggested
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for purpose in data.get("draws", []):
            if not data.get(_at(purpose)) and _at(purpose) not in self.errors:
                self.add_error(_at(purpose), "请填写抽取时间，如 2021-01-10 09:00；不沿用的，不勾选这一项。")
        return data

    def chosen(self) -> dict[str, Any]:
        """Return the arguments of the service."""
        data = self.cleaned_data
        return {
            "rules": data["rules"],
            "draws": {DrawPurpose(purpose): data[_at(purpose)] for purpose in data["draws"]},
        }

    def rows_of_rules(self) -> Iterator[tuple[RuleLine, bool]]:
        """Yield the rules with whether each is ticked."""
        for line in self.rule_lines:
            yield line, not self.is_bound or line.path in self.data.getlist("rules")  # type: ignore[attr-defined]

    def rows_of_draws(self) -> Iterator[tuple[DrawLine, bool, forms.BoundField]]:
        """Yield the draws with whether each is ticked, and its time."""
        for line in self.draw_lines:
            is_ticked = line.purpose in self.data.getlist("draws") if self.is_bound else False  # type: ignore[attr-defined]
            yield line, is_ticked, self[_at(line.purpose)]


def _draw_line(round_: Round, earlier: Round, planned: PlannedDraw) -> DrawLine:
    purpose, counts = DrawPurpose(planned.purpose), planned.purpose == DrawPurpose.COUNTED
    base, new_base = ((each.closes_at if counts else each.opens_at) for each in (earlier, round_))
    on, new_on = timezone.localdate(base), timezone.localdate(new_base)
    local = timezone.localtime(planned.planned_at)
    far = distance(local.date(), on, "截止投票" if counts else "开始投票")
    return DrawLine(purpose, planned, f"{far} {local:%H:%M}", same_distance(local, on, new_on))


def _at(purpose: str) -> str:
    return f"at_{purpose}"
