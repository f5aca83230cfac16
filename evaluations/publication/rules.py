"""The publication gate of NC-2 (method-2.md 3.4) in words: why a list is refused, what a list published anyway says."""

from collections.abc import Mapping
from datetime import date
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
