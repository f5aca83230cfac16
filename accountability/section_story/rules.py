"""科室经过: the entries of a section's history in order of time; what a new version of a list says of a section."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import TextChoices

from nanchuan_eval.workdays.rules import Term


class Kind(TextChoices):
    """What an entry is about, in the order of entries of the same moment."""

    LIST = "list", "公示"
    CASE = "case", "问责措施"
    TALK = "talk", "谈话提醒"
    FREEZE = "freeze", "影响期"
    RECTIFICATION = "rectification", "整改"
    ITEM = "item", "整改事项"
    VISIT = "visit", "暗访"
    ORDER = "order", "责令整改"
    OBJECTION = "objection", "异议和申诉"


@dataclass(frozen=True)
class Entry:
    """One thing that happened to a section, or that is to happen on a set day.

    `at` is the local moment and None where only the day is known; `on` is None where not even the day is known.
    """

    kind: Kind
    what: str
    on: date | None
    at: datetime | None = None
    details: tuple[tuple[str, str], ...] = ()
    address: str = ""
    # Evidence that belongs to it and that the reader may open.
    files: tuple[Any, ...] = field(default=(), compare=False)
    is_ahead: bool = False
    # The term in working days that ends on `on`.
    term: Term | None = None


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries in order of time; what is dated by the day only ends its day.

    Of one moment and kind they stay as given: an order comes before its reply.
    """
    return sorted(entries, key=_moment)


def change_of_place(before: int | None, now: int | None, *, is_withdrawn: bool) -> str:
    """Return what a corrected list changed about a section's place, in the words of the list; "" if nothing."""
    if before == now:
        return ""
    if now is None:
        return f"{'撤下' if is_withdrawn else '重新计票后不再上榜'}，原为第{before}位"
    return f"列入名单，第{now}位" if before is None else f"由第{before}位改为第{now}位"


def _moment(entry: Entry) -> tuple[date, time, int]:
    clock = entry.at.time() if entry.at else time.max
    return entry.on or date.min, clock, list(Kind).index(entry.kind)
