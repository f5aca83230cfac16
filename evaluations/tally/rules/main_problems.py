"""Main problems (主要问题): proposed from the most ticked 表象, edited by the office (rulebook R-J)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import DEFAULT, Questionnaire
from evaluations.scoring.wording import SMALLEST_SHOWN

MOST = 3

# Words that allege misconduct for gain, whatever a round calls it: a text with one needs the commission's assent.
GREEDY_WORDS = (
    *(
        DEFAULT.greedy,
        "吃拿卡要",
        "索要",
        "索贿",
        "受贿",
        "行贿",
        "收受",
        "好处",
        "红包",
        "回扣",
        "礼金",
        "礼品",
        "购物卡",
    ),
    *("吃请", "宴请", "讲人情", "看关系", "关系户", "优亲厚友", "从中得利", "谋利", "指定中介", "指定施工"),
)


def is_greedy(text: str, asked: Questionnaire) -> bool:
    """True if a text alleges misconduct, which is published with the commission's assent only (rulebook R-J)."""
    return any(word in text for word in (asked.greedy, *GREEDY_WORDS))


def usual_scores(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return indicator -> the mean of the sections that have a score, from the rows of result.json."""
    found = defaultdict[str, list[Decimal]](list)
    for row in rows:
        for indicator, score in row["indicators"].items():
            if score is not None:
                found[indicator].append(Decimal(score))
    return {indicator: sum(scores, Decimal(0)) / len(scores) for indicator, scores in found.items()}


def propose_problems(
    scores: Mapping[str, str | None],
    ticks: Counter[str],
    signs: Mapping[str, Mapping[str, str]],
    asked: Questionnaire,
    usual: Mapping[str, Decimal],
) -> str:
    """Return the most ticked 表象, three at most; without enough ticks, the two worst indicators.

    Nothing where these are better than usual, or not known (a veto with too few ballots): the office writes it.

    The last indicator is an allegation of misconduct: never proposed, only the commission can write it (rulebook R-J).
    """
    texts = often_ticked(ticks, signs)[:MOST]
    return "；".join(texts) or _worst_indicators(scores, asked, usual)


def often_ticked(ticks: Mapping[str, int], signs: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the 表象 with enough ticks to be shown, the most ticked first; no allegation (rulebook R-J)."""
    return [signs[code]["text"] for code, n in _ranked(ticks) if n >= SMALLEST_SHOWN and _may_propose(code, signs)]


def _ranked(ticks: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(ticks.items(), key=lambda item: (-item[1], item[0]))


def _may_propose(code: str, signs: Mapping[str, Mapping[str, str]]) -> bool:
    return code in signs and signs[code]["indicator"] != Indicator.GREEDY


def _worst_indicators(scores: Mapping[str, str | None], asked: Questionnaire, usual: Mapping[str, Decimal]) -> str:
    known = {i: Decimal(score) for i in Indicator if i != Indicator.GREEDY and (score := scores.get(i.value))}
    worse = [i for i, score in known.items() if score > 0 and score >= usual.get(i.value, 0)]
    worst = [f"“{asked.names[i]}”" for i in sorted(worse, key=lambda i: -known[i])[:2]]
    return f"群众反映{''.join(worst)}问题较为集中" if worst else ""
