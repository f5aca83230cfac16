"""What differs between two approved contents of a round's plan (评议方案), in words."""

from collections.abc import Mapping
from typing import Any

from evaluations.rounds.rules.settings import SETTINGS

# Lines of a plan's approved content that `plan_changes` compares line by line, or not at all.
UNUSUAL = "与默认值不同的规则"
NOT_COMPARED = frozenset({"与上次审定相比", "评议规则校验值"})


def plan_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return in Chinese what differs between two approved contents of a plan, each line before -> after."""
    changes: list[str] = []
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if key in NOT_COMPARED or old == new:
            continue
        if key == UNUSUAL:
            changes += _rule_changes(old, new)
        elif isinstance(old, Mapping) or isinstance(new, Mapping):
            olds, news = old or {}, new or {}
            changes += [
                f"{key}·{name}：{olds.get(name, '（无）')} → {news.get(name, '（无）')}"
                for name in {**olds, **news}
                if olds.get(name) != news.get(name)
            ]
        else:
            changes.append(f"{key}：{old or '（无）'} → {new or '（无）'}")
    return changes


def _rule_changes(before: Any, after: Any) -> list[str]:
    """Compare two lists of `unusual`, whose lines read label：default → value."""
    olds, news = (_by_label(lines) for lines in (before, after))
    changes = []
    for label in {**olds, **news}:
        default = (olds.get(label) or news[label])[0]
        old, new = (lines.get(label, (default, default))[1] for lines in (olds, news))
        if old != new:
            changes.append(f"{label}：{old} → {new}")
    return changes


def _by_label(lines: Any) -> dict[str, tuple[str, str]]:
    """Return label -> (default, value); a plan without an unusual rule has a word instead of a list."""
    found, names = {}, [f"{setting.group}·{setting.label}" for setting in SETTINGS]
    for line in lines if isinstance(lines, list) else ():
        label = max((name for name in names if line.startswith(f"{name}：")), key=len, default=line.partition("：")[0])
        default, _, value = line.removeprefix(f"{label}：").rpartition(" → ")
        found[label] = (default, value)
    return found
