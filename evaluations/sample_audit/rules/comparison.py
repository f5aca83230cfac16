"""Comparing what a sheet says with what was counted, line by line."""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices

from evaluations.scoring.questionnaire import Questionnaire


class Outcome(TextChoices):
    """核对结果 of one drawn ballot."""

    OPEN = "", "未核对"
    EQUAL = "equal", "一致"
    DIFFERS = "differs", "不一致"
    MISSING = "missing", "找不到正票"


def differences(
    asked: Questionnaire, names: Mapping[str, str], counted: Mapping[str, Any], read: Mapping[str, Any]
) -> list[str]:
    """Return in Chinese where two votes differ, a line per section; `names` = section code -> name."""
    ours, theirs = _by_section(counted), _by_section(read)
    found = []
    for code, name in names.items():
        if ours.get(code) != theirs.get(code):
            found.append(f"{name}：{_differing(asked, ours.get(code), theirs.get(code))}")
    return found


def _by_section(vote: Mapping[str, Any]) -> dict[str, tuple[dict[str, int], frozenset[str]]]:
    return {line["section"]: (dict(line["answers"]), frozenset(line["manifestations"])) for line in vote["lines"]}


def _differing(
    asked: Questionnaire,
    counted: tuple[dict[str, int], frozenset[str]] | None,
    read: tuple[dict[str, int], frozenset[str]] | None,
) -> str:
    if counted is None or read is None:
        return "计票中有、票面没有" if counted else "票面有、计票中没有"
    texts = [
        f"“{name}”票面{read[0].get(i, asked.unknown)}、计票{counted[0].get(i, asked.unknown)}"
        for i, name in asked.names.items()
        if counted[0].get(i) != read[0].get(i)
    ]
    return "，".join(texts + (["勾选的表象不同"] if counted[1] != read[1] else []))
