"""Forms of a round: its rulebook, an extension."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from evaluations.publication.rules import SHORTEST_REASON
from evaluations.rounds.rules.rulebook import lookup, strata_by_share, with_method, with_value
from evaluations.rounds.rules.settings import Setting, settings_of
from nanchuan_eval.web.fields import ReasonForm, long_text


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
            value = lookup(rulebook, setting.path)
            field = self.fields[_name(setting)] = _field(setting, value)
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
            if setting.path != "method":
                changed = with_value(changed, setting.path, _cleaned(setting, value))
        return with_method(changed, self.cleaned_data["method"])

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


def _field(setting: Setting, value: Any) -> forms.Field:
    common = {"label": setting.label, "help_text": setting.help, "initial": value}
    if setting.choices is not None:
        if isinstance(setting.default, bool):
            common["initial"] = "1" if value else ""
        return forms.ChoiceField(choices=list(setting.choices.items()), required=False, **common)
    if isinstance(setting.default, int):
        return forms.IntegerField(min_value=setting.low, max_value=setting.high, **common)
    return forms.CharField(max_length=20, required=setting.default != "", **common)


def _usual(setting: Setting, value: Any, method: str) -> str:
    """Return the default as the form shows it, if the value is another one."""
    default = setting.default_of(method)
    if setting.path == "method" or value == default:
        return ""
    key = ("1" if default else "") if isinstance(default, bool) else default
    return str((setting.choices or {}).get(key, default)) or "（空）"


def _cleaned(setting: Setting, value: Any) -> Any:
    return bool(value) if isinstance(setting.default, bool) else value
