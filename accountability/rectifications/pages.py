"""The list of rectifications, and the timeline of one (整改进度图): bars of a chart, with the same facts as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils import timezone

from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import DRAFTED, WRITABLE, Bar, ItemState, RectificationState, bar
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind, state_column
from nanchuan_eval.workdays.rules import in_chinese

LEFT, WIDTH, TOP, STEP = 210, 760, 46, 34
LONGEST_LABEL = 14
# States of bars besides those of the items: of a plan not yet accepted, of an item whose day has passed.
PLANNED, OVERDUE = "planned", "overdue"


def rectification_table(rows: Sequence[Rectification], today: date) -> Table[Rectification]:
    """Return the list of rectifications; their items come with them (`prefetch_related`)."""

    def plan_warning(row: Rectification) -> str:
        return "已逾期" if row.is_plan_overdue(today) else ""

    def report_warning(row: Rectification) -> str:
        return "已逾期" if row.is_report_overdue(today) else ""

    columns: list[Column[Rectification]] = [
        Column(
            "round",
            "轮次",
            lambda row: row.case.result.round.name,
            sort=lambda row: row.case.result.round.period_start,
            is_choice=True,
        ),
        Column("rank", "位次", lambda row: row.case.result.rank, Kind.NUMBER),
        Column(
            "section",
            "单位、科室",
            lambda row: str(row.case),
            is_head=True,
            href=lambda row: reverse("accountability:rectification", args=[row.pk]),
            width=30,
        ),
        state_column(RectificationState),
        Column(
            "plan_due",
            "方案期限",
            lambda row: row.plan_due_on,
            Kind.DAY,
            term=lambda row: row.plan_term,
            warning=plan_warning,
        ),
        Column("report_due", "报告期限", lambda row: row.report_due_on, Kind.DAY, warning=report_warning),
        Column("items", "事项", lambda row: len(row.items.all()), Kind.NUMBER),
        Column("closed", "已销号", lambda row: sum(bool(i.closed_on) for i in row.items.all()), Kind.NUMBER),
        Column("closed_on", "销号日期", lambda row: row.closed_on, Kind.DAY),
    ]
    return Table(
        name="rectifications",
        title="整改一览",
        columns=columns,
        rows=rows,
        caption="上榜科室的整改；点科室名称查看方案、进展和时间图",
        empty="暂无整改事项。名单公示后，系统为每个上榜科室建立整改台账。",
        notes=[DEMO_NOTICE] if any(row.case.result.round.is_demo for row in rows) else [],
    )


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


def timeline(rectification: Rectification, items: Sequence[RectificationItem], today: date) -> Timeline | None:
    """Return the timeline from publication to the plan's last day; only what is planned has a bar.

    None as long as no item has a date: then there is no plan to be drawn.
    """
    if not any(item.due_on for item in items):
        return None
    first = rectification.case.published_on
    ends = [item.due_on for item in items if item.due_on]
    last = max([rectification.report_due_on, *ends, *(item.closed_on for item in items if item.closed_on)])
    lines = [_row(n, item, first, last, today) for n, item in enumerate(items)]
    closed = sum(item.state == ItemState.CLOSED for item in items)
    is_due = rectification.state not in {*WRITABLE, RectificationState.CANCELLED}
    if is_due or rectification.reported_at:
        lines.append(
            _report_row(len(items), rectification, bar(first, rectification.report_due_on, first, last), today)
        )
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
    if item.due_on is None:
        return _placed(n, item.problem, f"{item.problem}：尚未填写完成时限", None, item.state)
    state = _bar_state(item, today)
    done = f"，{in_chinese(ended)}完成" if ended else ""
    now = "已逾期" if state == OVERDUE else item.state_now
    words = f"{item.problem}：限{in_chinese(item.due_on)}，{now}{done}"
    return _placed(n, item.problem, words, bar(first, item.due_on, first, last), state)


def _bar_state(item: RectificationItem, today: date) -> str:
    is_ended = item.rectification.state == RectificationState.CANCELLED and item.state != ItemState.CLOSED
    if item.rectification.state in DRAFTED or is_ended:
        return PLANNED
    return OVERDUE if item.is_late(today) else item.state


def _report_row(n: int, rectification: Rectification, shape: Bar, today: date) -> Row:
    state = "closed" if rectification.reported_at else OVERDUE if rectification.is_report_overdue(today) else "open"
    words = f"整改报告：限{in_chinese(rectification.report_due_on)}，{'已报' if rectification.reported_at else '未报'}"
    return _placed(n, "整改报告", words, shape, state)


def _placed(n: int, label: str, words: str, shape: Bar | None, state: str) -> Row:
    short = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    if shape is None:
        return Row(short, words, TOP + STEP * n, LEFT, 0, state)
    x, width = LEFT + shape.start * WIDTH // 1000, max(shape.length * WIDTH // 1000, 4)
    return Row(short, words, TOP + STEP * n, x, width, state)


def _x(shape: Bar) -> int:
    return LEFT + (shape.start + shape.length) * WIDTH // 1000
