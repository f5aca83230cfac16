"""The page 本单位办件 of a unit's liaison: its days as the public page shows them, and what is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from departments.models import Department
from evaluations.service_records.pages.chain import NOT_STATED, DayLine, unit_line
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind


@dataclass(frozen=True)
class OwnPage:
    """The table, and in words what the unit should look into."""

    table: Table[DayLine]
    hints: list[str]


def own_page(unit: Department, at: datetime) -> OwnPage:
    """Read what the page shows (7 queries)."""
    found = unit_line(unit, at)
    line = found.units[0]
    hints = [
        f"有{line.differing}天收到的件数与本单位自报的件数不同，请核对。" if line.differing else "",
        f"有{line.unstated}天没有自报件数，请补报。" if line.unstated else "",
        f"没有报送的工作日（{line.missing.workdays}天）：{line.gaps}。" if line.missing.workdays else "",
    ]
    return OwnPage(_table(line.days), [hint for hint in hints if hint])


def _table(days: Sequence[DayLine]) -> Table[DayLine]:
    return Table(
        name="days",
        title="本单位办件",
        columns=[
            Column("day", "办结日期", lambda line: line.day, Kind.DAY, is_head=True),
            Column("received", "收到", lambda line: line.received, Kind.NUMBER),
            Column("stated", "本单位自报", lambda line: line.stated, Kind.NUMBER),
            Column("earlier", "改动前自报", lambda line: "、".join(map(str, line.earlier)), is_sortable=False),
            Column("compared", "比较", lambda line: line.comparison, is_choice=True),
        ],
        rows=days,
        caption="每天收到的办件数和本单位自报的件数",
        empty="还没有报送过办件，也没有自报过件数。",
        css=lambda line: "listed" if line.differs or line.comparison == NOT_STATED else "",
        is_compact=True,
    )
