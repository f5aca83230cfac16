"""Comparing the spool with the used codes before anything is decrypted (box-key.md 6): rows lost or added are told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

from evaluations.protocol.box_rows import KINDS, Place
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors


class Permit(TextChoices):
    """What two persons may permit for one opening (box-key.md 6)."""

    RECOVERY = "recovery", "动用备用卡"
    UNAUTHENTICATED = "unauthenticated", "不核对写入验证密钥开箱"


@dataclass(frozen=True)
class Accepted:
    """What the persons present accept, and why: exactly as many differences as are found, unauthenticated rows."""

    number: int = 0
    reason: str = ""
    is_unauthenticated: bool = False


def differences(expected: Counter[Place], found: Counter[Place]) -> dict[Place, int]:
    """Return place -> rows missing there (negative: rows too many), only where there is a difference."""
    return {place: expected[place] - found[place] for place in expected | found if expected[place] != found[place]}


def number_of(missing: Mapping[Place, int], set_aside: Mapping[str, int]) -> int:
    """Return how many differences there are in all: rows missing, rows too many, rows set aside."""
    return sum(map(abs, missing.values())) + sum(set_aside.values())


def difference_lines(
    missing: Mapping[Place, int], set_aside: Mapping[str, int], labels: Mapping[str, str]
) -> list[str]:
    """Return in Chinese what differs, a line each; `labels` name channels and origins."""
    lines = []
    for place, number in sorted(missing.items()):
        channel, origin = (labels.get(code, code) for code in (place.channel, place.origin))
        lines.append(f"{place.round} {channel}·{origin}：{'缺少' if number > 0 else '多出'}{abs(number)}张")
    return lines + [f"不能打开、须搁置的评议票（{KINDS[kind]}）：{number}张" for kind, number in set_aside.items()]


def waited_for(rulebook: Mapping[str, Any]) -> str:
    """Return whom a round whose vote has ended is waiting for, as every page and reminder says it."""
    if not is_opened_by_supervisors(rulebook):
        return "等待评议系统自动开箱"
    return f"等待监督员持密钥卡到场开箱（{rulebook['supervisors']}名监督员中至少{rulebook['box_needed']}人）"
