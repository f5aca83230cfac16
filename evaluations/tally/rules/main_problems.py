"""Main problems (主要问题): proposed from the most ticked 表象, edited by the office (rulebook R-J)."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from evaluations.scoring.method import Indicator

MOST = 3
SMALLEST_CELL = 5  # what fewer ballots say is shown nowhere: it could point to a person

# Words that allege misconduct for gain; whoever writes one of them needs the commission's assent.
GREEDY_WORDS = (
    *("贪", "吃拿卡要", "索要", "索贿", "受贿", "行贿", "收受", "好处", "红包", "回扣", "礼金", "礼品", "购物卡"),
    *("吃请", "宴请", "讲人情", "看关系", "关系户", "优亲厚友", "从中得利", "谋利", "指定中介", "指定施工"),
)


def is_greedy(text: str) -> bool:
    """Say whether a wording alleges 贪, which is published with the commission's assent only (R-J)."""
    return any(word in text for word in GREEDY_WORDS)


def propose_problems(row: Mapping[str, Any], ticks: Counter[str], signs: Mapping[str, Mapping[str, str]]) -> str:
    """Return the two or three most ticked 表象 in words; without enough ticks, the worst indicators.

    贪 is an allegation of misconduct: it is never proposed, only the commission can put it in words (R-J).
    """
    fair = [code for code, times in _ranked(ticks) if times >= SMALLEST_CELL and _may_propose(code, signs)]
    texts = [signs[code]["text"] for code in fair[:MOST]]
    return "；".join(texts) if texts else _worst_indicators(row["indicators"])


def _ranked(ticks: Counter[str]) -> list[tuple[str, int]]:
    return sorted(ticks.items(), key=lambda item: (-item[1], item[0]))


def _may_propose(code: str, signs: Mapping[str, Mapping[str, str]]) -> bool:
    return code in signs and signs[code]["indicator"] != Indicator.GREEDY


def _worst_indicators(scores: Mapping[str, str]) -> str:
    order = [i for i in Indicator if i != Indicator.GREEDY]
    order.sort(key=lambda i: -Decimal(scores.get(i.value) or 0))
    return f"群众反映“{order[0].label}”“{order[1].label}”问题较为集中"
