"""办理记录.xlsx: the record of a round as a workbook."""

from collections.abc import Iterable

from evaluations.round_log.queries import LogLine
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook

COLUMNS = (
    ColumnSpec("时间", 17),
    ColumnSpec("办理事项", 34),
    ColumnSpec("对象", 14),
    ColumnSpec("经办人", 14),
    ColumnSpec("结果", 12),
    ColumnSpec("理由", 36),
)


def log_workbook(round_: Round, lines: Iterable[LogLine]) -> bytes:
    """Return the lines as .xlsx."""
    sheet = SheetSpec(
        title="办理记录",
        heading=f"{round_.name}办理记录",
        notes=[DEMO_NOTICE] if round_.is_demo else [],
        columns=COLUMNS,
        rows=[[line.at, line.what, line.about, line.who, line.outcome or "已办理", line.reason] for line in lines],
    )
    return write_workbook([sheet])
