"""The workbook of a plan (评议计划.xlsx): sections, needed drawn lines and margins, what is assumed."""

from collections.abc import Iterator
from decimal import Decimal

from evaluations.planning.rules.report import OUT_OF_REACH, Report, Row, assumptions
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, Value, write_workbook

WHOLE, TENTHS = "0", "0.0"


def plan_workbook(found: Report, heading: str) -> bytes:
    """Return the plan of a round as .xlsx."""
    return write_workbook(
        [_sections(found, heading), _needs(found, heading), _margins(found, heading), _assumptions(found, heading)]
    )


def _sections(found: Report, heading: str) -> SheetSpec:
    return SheetSpec(
        title="各科室",
        heading=f"{heading}评议计划",
        notes=[found.summary, *found.notes],
        columns=[
            ColumnSpec("科室代码", 9),
            ColumnSpec("科室", 26),
            *(ColumnSpec(f"预计{label}有效票", 9, TENTHS, "right") for label in found.channels),
            ColumnSpec("预计抽签票（不含服务对象票）", 11, TENTHS, "right"),
            ColumnSpec("防买票所需抽签票", 12, align="right"),
            ColumnSpec("服务对象票名额", 9, WHOLE, "right"),
            ColumnSpec("预计回收率（%）", 7, TENTHS, "right"),
            ColumnSpec("通知书（张）", 9, WHOLE, "right"),
            ColumnSpec("已知服务对象（人）", 10, WHOLE, "right"),
            ColumnSpec("全部邀请", 6, align="center"),
            ColumnSpec("预计抽签票合计", 9, TENTHS, "right"),
            ColumnSpec("预计误差（±分）", 7, TENTHS, "right"),
            ColumnSpec("提示", 14),
        ],
        rows=[list(_section_row(row)) for row in found.rows],
    )


def _section_row(row: Row) -> Iterator[Value]:
    of, invitation = row.of, row.of.invitation
    yield of.section
    yield row.name
    yield from map(_decimal, row.lines.values())
    yield _decimal(of.general.drawn)
    yield row.needed
    yield invitation.quota if invitation else None
    yield _decimal(invitation.return_percent) if invitation else None
    yield invitation.letters if invitation else None
    yield invitation.clients if invitation else None
    yield "是" if invitation and invitation.is_everybody else ""
    yield _decimal(of.planned.drawn)
    yield _decimal(of.margin)
    yield row.warning


def _needs(found: Report, heading: str) -> SheetSpec:
    return SheetSpec(
        title="所需抽签票",
        heading=f"{heading}防买票所需抽签票",
        notes=[f"上榜线按高出中位数{found.plan.lead:.1f}分推算。“防不住”指1000张以内都不够。"],
        columns=[
            ColumnSpec("渠道", 14),
            ColumnSpec("被买的抽签票（张）", 14, WHOLE, "right"),
            ColumnSpec("每张评多个科室的，每科室需", 18, WHOLE, "right"),
            ColumnSpec("每张只评一个科室的，每科室需", 18, WHOLE, "right"),
            ColumnSpec("票上平均列明科室的，需发出评议票", 18, WHOLE, "right"),
        ],
        rows=[
            [
                label,
                need.bought,
                OUT_OF_REACH if need.several is None else need.several,
                OUT_OF_REACH if need.one is None else need.one,
                need.evaluators,
            ]
            for label, need in found.needs
        ],
    )


def _margins(found: Report, heading: str) -> SheetSpec:
    return SheetSpec(
        title="多收票的作用",
        heading=f"{heading}难办指数误差与服务对象票",
        notes=[found.more_lines],
        columns=[
            ColumnSpec("每科室服务对象票（张）", 22, WHOLE, "right"),
            ColumnSpec("一般情形误差（±分）", 22, TENTHS, "right"),
            ColumnSpec("选择性不答时误差（±分）", 22, TENTHS, "right"),
        ],
        rows=[[each.lines, _decimal(each.usual), _decimal(each.selective)] for each in found.plan.margins],
    )


def _assumptions(found: Report, heading: str) -> SheetSpec:
    return SheetSpec(
        title="输入与假设",
        heading=f"{heading}评议计划的输入与假设",
        notes=["“（自动）”取自本轮评议规则或者上期结果，没有上期的用默认值。"],
        columns=[ColumnSpec("类别", 28), ColumnSpec("项目", 44), ColumnSpec("数值", 30)],
        rows=[list(each) for each in assumptions(found.plan.inputs)],
        landscape=False,
    )


def _decimal(value: float) -> Decimal:
    return Decimal(f"{value:.1f}")
