"""整改: states, terms and required content of a plan (rulebook R-H)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.db.models import TextChoices

from nanchuan_eval.core.workflow import Flow
from nanchuan_eval.workdays.rules import in_chinese

MOST_PROBLEMS = 3


class RectificationState(TextChoices):
    """State of a rectification (整改状态)."""

    AWAITED = "awaited", "待报方案"
    SUBMITTED = "submitted", "方案待审"
    RETURNED = "returned", "方案退回"
    RUNNING = "running", "整改中"
    REPORTED = "reported", "已报告，等待验收"
    ESCALATED = "escalated", "移送纪委监委"
    CLOSED = "closed", "已销号"
    CANCELLED = "cancelled", "已撤销"


class ItemState(TextChoices):
    """State of an item (整改事项状态)."""

    OPEN = "open", "整改中"
    FINISHED = "finished", "已申报完成"
    SENT_BACK = "sent_back", "退回重改"
    CLOSED = "closed", "已销号"


class TermKind(TextChoices):
    """Kind of an item's term (时限种类)."""

    AT_ONCE = "at_once", "立行立改"
    BY_DATE = "by_date", "限期整改"
    CONTINUING = "continuing", "长期坚持"


_S = RectificationState
# A correction of the list may cancel a rectification in any state (已撤销).
RECTIFICATION_FLOW = Flow(
    {
        _S.AWAITED: frozenset({_S.SUBMITTED, _S.CANCELLED}),
        _S.RETURNED: frozenset({_S.SUBMITTED, _S.CANCELLED}),
        _S.SUBMITTED: frozenset({_S.RUNNING, _S.RETURNED, _S.CANCELLED}),
        _S.RUNNING: frozenset({_S.REPORTED, _S.ESCALATED, _S.CLOSED, _S.CANCELLED}),
        _S.REPORTED: frozenset({_S.ESCALATED, _S.CLOSED, _S.CANCELLED}),
        _S.ESCALATED: frozenset({_S.RUNNING, _S.CANCELLED}),
        # A later correction may list the section again.
        _S.CANCELLED: frozenset({_S.AWAITED, _S.RUNNING, _S.REPORTED, _S.ESCALATED}),
    }
)
# Open to follow-up ratings (整改评价): the unit has reported completion.
RATEABLE = frozenset({_S.REPORTED, _S.CLOSED})
ENDED = frozenset({_S.CLOSED, _S.CANCELLED})
# The unit writes its plan; the unit carries it out.
WRITABLE = frozenset({_S.AWAITED, _S.RETURNED})
UNDER_WAY = frozenset({_S.RUNNING, _S.REPORTED})
# The plan is not accepted yet: nothing of it binds anybody.
DRAFTED = WRITABLE | {_S.SUBMITTED}


UNFINISHED = frozenset({ItemState.OPEN, ItemState.SENT_BACK})
# What a rectification waits for before any of its items can be closed.
AWAITING = {
    _S.AWAITED: "整改方案尚未报送",
    _S.RETURNED: "整改方案已退回，尚未重新报送",
    _S.SUBMITTED: "整改方案尚未审核",
    _S.ESCALATED: "整改已移送纪委监委，尚无处理意见",
}


def closing_lacks(state: str, items: Iterable[tuple[int, str, str]], *, is_reported: bool) -> list[str]:
    """Return in Chinese what a rectification still lacks to be closed; `items` = (position, problem, state)."""
    if state in ENDED:
        return []
    if state in AWAITING:
        return [f"{AWAITING[RectificationState(state)]}。"]
    open_ = [each for each in items if each[2] != ItemState.CLOSED]
    lacks = [f"整改第{n}项“{problem}”尚未销号（{ItemState(now).label}）。" for n, problem, now in open_]
    return lacks if is_reported else [*lacks, "整改报告尚未报送。"]


def is_overdue(state: str, item: str, due_on: date | None, today: date) -> bool:
    """True if an item of a rectification in `state` is overdue: the accepted plan's day has passed unfinished."""
    return state in UNDER_WAY and item in UNFINISHED and due_on is not None and due_on < today


class PlannedItem(Protocol):
    """The fields of a plan's item that the rules check."""

    position: int
    problem: str
    cause: str
    goal: str
    measures: str
    leader: str
    person: str
    term: str
    due_on: date | None


@dataclass(frozen=True)
class PlanTerms:
    """The dates that limit a plan's deadlines."""

    published_on: date
    at_once_until: date
    at_once_hint: str = ""


WANTED = {
    "cause": "原因",
    "goal": "目标",
    "measures": "整改措施",
    "leader": "责任领导",
    "person": "责任人",
    "term": "时限种类",
    "due_on": "完成时限",
}


def plan_errors(items: Sequence[PlannedItem], opinion: str, terms: PlanTerms) -> list[str]:
    """Return in Chinese what a plan lacks (整改方案的内容); empty if it may be submitted."""
    errors = [error for item in items for error in _item_errors(item, terms)]
    if not items:
        errors.append("整改方案至少要有一个问题。")
    if not opinion.strip():
        errors.append("请填写单位党委（党组）意见。")
    return errors


def _item_errors(item: PlannedItem, terms: PlanTerms) -> list[str]:
    missing = [label for field, label in WANTED.items() if not getattr(item, field)]
    if missing:
        return [f"第{item.position}项“{item.problem}”还缺：{'、'.join(missing)}。"]
    error = due_error(item.term, item.due_on, terms)
    return [f"第{item.position}项：{error}"] if error else []


def due_error(term: str, due_on: date | None, terms: PlanTerms) -> str:
    """Return the error in an item's due date; empty if there is none."""
    if due_on is None:
        return ""
    if due_on <= terms.published_on:
        return "完成时限应晚于公示日期。"
    if term == TermKind.AT_ONCE and due_on > terms.at_once_until:
        hint = f"（{terms.at_once_hint}）" if terms.at_once_hint else ""
        return f"立行立改的事项应在{in_chinese(terms.at_once_until)}前完成{hint}。"
    return ""


def problems_for_plan(
    ticks: Mapping[str, int], signs: Mapping[str, Mapping[str, str]], *, smallest: int
) -> list[tuple[str, str]]:
    """Return (indicator, 表象) of the most ticked signs; no small counts, no allegations."""
    ranked = sorted(ticks.items(), key=lambda tick: (-tick[1], tick[0]))
    fair = [code for code, times in ranked if times >= smallest and code in signs]
    open_ = [signs[code] for code in fair if signs[code]["indicator"] != "greedy"]
    return [(sign["indicator"], sign["text"]) for sign in open_[:MOST_PROBLEMS]]


def all_closed(states: Iterable[str]) -> bool:
    """True if every item of a plan is closed (全部销号)."""
    known = list(states)
    return bool(known) and all(state == ItemState.CLOSED for state in known)


@dataclass(frozen=True)
class Bar:
    """A bar of the timeline: start and length in per mille of the span shown."""

    start: int
    length: int


def bar(start: date, end: date, first: date, last: date) -> Bar:
    """Return the bar from `start` to `end` on a timeline from `first` to `last`."""
    days = max((last - first).days, 1)
    left = min(max((start - first).days, 0), days)
    right = min(max((end - first).days, left), days)
    return Bar(left * 1000 // days, max((right - left) * 1000 // days, 8))
