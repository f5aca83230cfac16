"""Forms of a round: its rulebook, an extension."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from evaluations.publication.rules import SHORTEST_REASON
from evaluations.rounds.rules.repeat_steps import MOST_STEPS, Actor, Repetition, StepMeasure
from evaluations.rounds.rules.rhythm import rhythm_of
from evaluations.rounds.rules.rule_setting import Setting
from evaluations.rounds.rules.rulebook import strata_by_share, with_method, with_rhythm, with_value
from evaluations.rounds.rules.settings import as_text, settings_of
from nanchuan_eval.web.fields import ReasonForm, long_text

SPARE_LINES = 2
STEP_PARTS: dict[str, forms.Field] = {
    "repetition": forms.ChoiceField(label="情形", choices=[("", "请选择"), *Repetition.choices], required=False),
    "times": forms.IntegerField(label="次数（次）"),
    "measure": forms.ChoiceField(label="措施", choices=[("", "请选择"), *StepMeasure.choices]),
    "actor": forms.ChoiceField(label="办理单位", choices=[("", "请选择"), *Actor.choices]),
    "workdays": forms.IntegerField(label="期限（工作日）"),
}


class StepsWidget(forms.Widget):
    """A table with a line per step and two empty ones."""

    template_name = "admin/evaluations/round/_steps.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        steps = list(value or [])
        is_frozen = bool(context["widget"]["attrs"].get("disabled"))
        spare = 0 if is_frozen else min(SPARE_LINES, MOST_STEPS - len(steps))
        lines = [
            self._line(name, number, step, is_frozen)
            for number, step in enumerate([*steps, *({} for _ in range(spare))])
        ]
        return {**context, "labels": [field.label for field in STEP_PARTS.values()], "lines": lines}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]] | None:
        """Return the lines in which a kind of repetition is chosen, as typed; None if the table was not sent."""
        if self.value_omitted_from_data(data, files, name):
            return None
        lines = [{part: data.get(f"{name}-{n}-{part}", "").strip() for part in STEP_PARTS} for n in range(MOST_STEPS)]
        return [line for line in lines if line["repetition"]]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-0-repetition" not in data

    def id_for_label(self, id_: str) -> str:
        return ""

    def _line(self, name: str, number: int, step: Mapping[str, Any], is_frozen: bool) -> list[tuple[object, str]]:
        return [
            (
                field.label,
                field.widget.render(
                    f"{name}-{number}-{part}",
                    step.get(part),
                    {"aria-label": f"第{number + 1}行{field.label}", "id": False, "disabled": is_frozen},
                ),
            )
            for part, field in STEP_PARTS.items()
        ]


class StepsField(forms.Field):
    """The steps of repeated listing (再次上榜的措施) as the rulebook keeps them; the rulebook's rules judge them."""

    widget = StepsWidget

    def to_python(self, value: Any) -> list[dict[str, Any]] | None:
        if value is None:
            return None
        numbers = {"times", "workdays"}
        return [{part: _whole(text) if part in numbers else text for part, text in line.items()} for line in value]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


def _whole(text: Any) -> Any:
    """Return a whole number where there is one; what is none is refused by the rulebook's rules."""
    return int(text) if str(text).isascii() and str(text).isdigit() and len(str(text)) < 4 else text


class RulebookForm(forms.Form):
    """评议规则: one field per setting of the rulebook's method, grouped as in SETTINGS."""

    strata = forms.CharField(
        label="定向评议身份类别和比例（%）",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一类：名称 比例，比例相加为100",
    )

    def __init__(self, *args: Any, rulebook: Mapping[str, Any], is_frozen: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rulebook = rulebook
        self.settings = settings_of(rulebook)
        for setting in self.settings:
            value = setting.value_in(rulebook)
            field = self.fields[_name(setting)] = _field(setting, value, setting.label_in(rulebook))
            field.usual = _usual(setting, value, rulebook["method"])  # type: ignore[attr-defined]  # for the page
        shares = strata_by_share(rulebook)
        self.fields["strata"].initial = "\n".join(f"{name} {share}" for name, share in shares)
        for field in self.fields.values():
            field.disabled = is_frozen

    def clean_strata(self) -> dict[str, int]:
        """Return name -> percent."""
        rows = [line.split() for line in self.cleaned_data["strata"].splitlines() if line.strip()]
        if not all(len(row) == 2 and row[1].isascii() and row[1].isdigit() for row in rows):
            raise forms.ValidationError("每行应为“名称 比例”，如：服务对象 50")
        return {name: int(share) for name, share in rows}

    def changed_rulebook(self) -> dict[str, Any]:
        """Return the rulebook with the entered values, for the chosen method."""
        changed = with_value(self.rulebook, "evaluator_strata", self.cleaned_data["strata"])
        for setting in self.settings:
            value = self.cleaned_data[_name(setting)]
            if setting.path not in ("method", "rhythm") and value is not None:
                changed = with_value(changed, setting.path, _cleaned(setting, value))
        rhythm = self.cleaned_data["rhythm"] or rhythm_of(self.rulebook).value
        if rhythm != rhythm_of(self.rulebook):
            changed = with_rhythm(changed, rhythm)
        return with_method({**changed, "rhythm": rhythm}, self.cleaned_data["method"])

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField], int]]:
        """Yield the groups with their bound fields and how many of them differ from the defaults."""
        for group in dict.fromkeys(setting.group for setting in self.settings):
            fields = [self[_name(setting)] for setting in self.settings if setting.group == group]
            yield group, fields, sum(bool(getattr(field.field, "usual", "")) for field in fields)
        yield "定向评议名额", [self["strata"]], 0


class ExtendForm(ReasonForm):
    """Later closing time of a vote (延期)."""

    closes_at = forms.DateTimeField(label="新的截止时间", help_text="如 2026-12-01 17:00")


class DecisionForm(forms.Form):
    """Why a list is published although too few sections are ranked (公示决定)."""

    reason = long_text("公示理由", most=300, help_text=f"不少于{SHORTEST_REASON}个字，随名单一并公布，不能取消")


def _name(setting: Setting) -> str:
    return setting.path.replace(".", "__")


def _field(setting: Setting, value: Any, label: str) -> forms.Field:
    common = {"label": label, "help_text": setting.help, "initial": value}
    if setting.words is not None:
        return StepsField(required=False, **common)
    if setting.choices is not None:
        if isinstance(setting.default, bool):
            common["initial"] = "1" if value else ""
        return forms.ChoiceField(choices=list(setting.choices.items()), required=False, **common)
    if isinstance(setting.default, int):
        return forms.IntegerField(min_value=setting.low, max_value=setting.high, **common)
    return forms.CharField(max_length=setting.longest, required=setting.default != "", **common)


def _usual(setting: Setting, value: Any, method: str) -> str:
    """Return the default as the form shows it, if the value is another one."""
    default = setting.default_of(method)
    if setting.path == "method" or value == default:
        return ""
    if setting.words is not None:
        return as_text(setting, default)
    key = ("1" if default else "") if isinstance(default, bool) else default
    return str((setting.choices or {}).get(key, default)) or "（空）"


def _cleaned(setting: Setting, value: Any) -> Any:
    return bool(value) if isinstance(setting.default, bool) else value
