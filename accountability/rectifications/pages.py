"""Timeline of a rectification (整改进度图): the bars of a chart, with the same facts as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import Bar, ItemState, bar
from nanchuan_eval.workdays.rules import in_chinese

LEFT, WIDTH, TOP, STEP = 210, 760, 46, 34
LONGEST_LABEL = 14


@dataclass(frozen=True)
class Row:
    """One bar of the chart with its label, in chart units."""

    label: str
    words: str
    y: int
    x: int
    width: int
    state: str


@dataclass(frozen=True)
class Tick:
    """A day on the axis."""

    x: int
    words: str


@dataclass(frozen=True)
class Timeline:
    """The whole chart."""

    title: str
    rows: list[Row]
    ticks: list[Tick]
    today_x: int
    height: int
    width: int = LEFT + WIDTH + 30


def timeline(rectification: Rectification, items: Sequence[RectificationItem], today: date) -> Timeline:
    """Return the timeline of all items from publication to the last day of the plan."""
    first = rectification.case.published_on
    ends = [item.due_on for item in items if item.due_on]
    last = max([rectification.report_due_on, *ends, *(item.closed_on for item in items if item.closed_on)])
    lines = [_row(n, item, first, last, today) for n, item in enumerate(items)]
    closed = sum(item.state == ItemState.CLOSED for item in items)
    report = bar(first, rectification.report_due_on, first, last)
    lines.append(_report_row(len(items), rectification, report))
    span = (last - first) / 4
    days = [first + span * n for n in range(5)]
    return Timeline(
        title=f"{rectification.case}整改进度：{len(items)}项中{closed}项已销号",
        rows=lines,
        ticks=[Tick(_x(bar(first, on, first, last)), f"{on.month}月{on.day}日") for on in days],
        today_x=_x(bar(first, min(max(today, first), last), first, last)),
        height=TOP + STEP * (len(lines) + 1),
    )


def _row(n: int, item: RectificationItem, first: date, last: date, today: date) -> Row:
    ended = item.closed_on or (timezone.localtime(item.finished_at).date() if item.finished_at else None)
    until = item.due_on or last
    state = "overdue" if item.state in {ItemState.OPEN, ItemState.SENT_BACK} and until < today else item.state
    done = f"，{in_chinese(ended)}完成" if ended else ""
    words = f"{item.problem}：限{in_chinese(until)}，{item.get_state_display()}{done}"
    return _placed(n, item.problem, words, bar(first, until, first, last), state)


def _report_row(n: int, rectification: Rectification, shape: Bar) -> Row:
    state = "closed" if rectification.reported_at else "open"
    words = f"整改报告：限{in_chinese(rectification.report_due_on)}，{'已报' if rectification.reported_at else '未报'}"
    return _placed(n, "整改报告", words, shape, state)


def _placed(n: int, label: str, words: str, shape: Bar, state: str) -> Row:
    short = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    x, width = LEFT + shape.start * WIDTH // 1000, max(shape.length * WIDTH // 1000, 4)
    return Row(short, words, TOP + STEP * n, x, width, state)


def _x(shape: Bar) -> int:
    return LEFT + (shape.start + shape.length) * WIDTH // 1000
