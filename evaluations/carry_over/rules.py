"""What the next round can take over from the last one: rule by rule, and where and when its draws were held."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from evaluations.rounds.rules.rule_setting import ASKED, Setting
from evaluations.rounds.rules.rulebook import default_rulebook, lookup, with_value
from evaluations.rounds.rules.settings import as_text, carried_over, settings_of

STRATA = Setting("evaluator_strata", "定向评议身份类别和比例", "抽取")


@dataclass(frozen=True)
class RuleLine:
    """A rule in which the rounds differ: its value now, that of the last round, today's default."""

    path: str
    group: str
    label: str
    now: str
    earlier: str
    default: str

    @property
    def text(self) -> str:
        """The change in words, for the log."""
        return f"{self.group}·{self.label}：{self.now} → {self.earlier}"


@dataclass(frozen=True)
class RuleComparison:
    """The rules that differ, and in words those that only one of the rounds knows."""

    lines: list[RuleLine]
    notes: list[str]


def compare_rules(now: Mapping[str, Any], earlier: Mapping[str, Any]) -> RuleComparison:
    """Compare a draft's rulebook with the last round's, by the draft's method."""
    target, default = _carried(now, earlier), default_rulebook(now["method"])
    settings = [setting for setting in (*settings_of(now), STRATA) if setting.path != "method"]
    lines = [
        RuleLine(
            setting.path,
            setting.group,
            setting.label_in(now),
            *(_text(setting, setting.value_in(book)) for book in (now, target, default)),
        )
        for setting in settings
        if setting.value_in(now) != setting.value_in(target)
    ]
    return RuleComparison(lines, [*_new(settings, earlier, default), *_gone(earlier, default)])


def taken_over(now: Mapping[str, Any], earlier: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """Return the draft's rulebook with these rules as they were in the last round."""
    target, changed = _carried(now, earlier), dict(now)
    for path in paths:
        changed = with_value(changed, path, lookup(target, path))
    return changed


def same_distance(planned_at: datetime, base: date, new_base: date) -> datetime:
    """Return the time of day of an earlier draw, as many days from the new vote as it was from the old one."""
    return planned_at + timedelta((new_base - base).days)


def distance(planned_on: date, base: date, what: str) -> str:
    """Return in Chinese how far a day is from the beginning or the end of the vote."""
    days = (planned_on - base).days
    return f"{what}当天" if not days else f"{what}{'前' if days < 0 else '后'}{abs(days)}天"


def _carried(now: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    known = default_rulebook(now["method"])
    carried, _ = carried_over(earlier, now["method"])
    return {key: value for key, value in carried.items() if key in known}


def _new(settings: Iterable[Setting], earlier: Mapping[str, Any], default: Mapping[str, Any]) -> list[str]:
    # A round that is older than the names of the indicators asked what is the default now.
    return [
        f"上一轮没有“{setting.label}”，按默认值“{_text(setting, lookup(default, setting.path))}”，可在评议规则中修改。"
        for setting in settings
        if setting.path.partition(".")[0] not in earlier and setting.group != ASKED
    ]


def _gone(earlier: Mapping[str, Any], default: Mapping[str, Any]) -> list[str]:
    labels = {setting.path.partition(".")[0]: setting.label for setting in settings_of(earlier)}
    return [f"上一轮的“{labels.get(key, key)}”本轮不再使用，不沿用。" for key in earlier if key not in default]


def _text(setting: Setting, value: Any) -> str:
    if setting is STRATA:
        return "、".join(f"{name}{share}%" for name, share in value.items())
    return as_text(setting, value)
