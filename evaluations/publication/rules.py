"""Words of a list: the publication gate of NC-2 (method-2.md 3.4), the period of the notice and how to comment."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from nanchuan_eval.workdays.rules import in_chinese

SHORTEST_REASON = 20


def gate_refusal(gate: Mapping[str, Any], length: int) -> str:
    """Return why a list of so many places is not published; `gate` is `publication` of result.json."""
    return (
        f"本轮{gate['sections']}个科室中只有{gate['ranked']}个的有效评议达到排名要求，至少应有{gate['needed']}个。"
        f"多数或较多科室没有参加排名，前{length}位没有代表性，不能公示。请增补定向评议后重新计票；"
        "确需公示的，由区纪委监委作出决定、写明理由，公示中同时注明。"
    )


def gate_note(gate: Mapping[str, Any], *, reason: str, decided_on: date) -> str:
    """Return the note that a list published by decision carries in every version."""
    sections, ranked = gate["sections"], gate["ranked"]
    return (
        f"说明：本轮{sections}个科室中，{ranked}个有效评议足够，参加排名；{sections - ranked}个样本不足，未参加排名。"
        f"经{in_chinese(decided_on)}决定公示，理由：{reason.rstrip('。')}。"
    )


def last_day(first_published: date, rulebook: Mapping[str, Any]) -> date:
    """Return the last day of the notice (公示期), on which units may still appeal; a correction does not prolong it."""
    return first_published + timedelta(days=int(rulebook["appeal_days"]))


def comment_lines(first_published: date, rulebook: Mapping[str, Any]) -> list[str]:
    """Return the period of the notice, and how citizens and units comment on it."""
    phone = rulebook.get("office_phone", "")
    contact = f"致电评议办（{phone}）" if phone else "与评议办联系"
    return [
        f"公示期：{in_chinese(first_published)}至{in_chinese(last_day(first_published, rulebook))}。",
        f"对公示内容有意见的，请在公示期内{contact}。",
        "被评议单位不服的，由本单位联络员在公示期内提出申诉；申诉期间，各项措施照常执行。",
    ]


def comment_lines_on(today: date, first_published: date, rulebook: Mapping[str, Any]) -> list[str]:
    """Return the same as the list's page says it on a day: also that the period is over."""
    lines = comment_lines(first_published, rulebook)
    if today <= last_day(first_published, rulebook):
        return lines
    phone = rulebook.get("office_phone", "")
    contact = f"致电评议办（{phone}）" if phone else "与评议办联系"
    return [
        f"{lines[0]}公示期已满。",
        f"公示期满后，对公示内容仍有疑问的，可以{contact}。",
        "被评议单位提出申诉的期限已满。",
    ]
