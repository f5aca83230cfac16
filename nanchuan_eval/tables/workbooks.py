"""A table as a workbook: the rows that its page shows, on all its pages, in their order."""

from collections.abc import Sequence

from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, Value, write_workbook
from nanchuan_eval.tables.rules import Asked, Column, Kind, Row

WIDTHS = {Kind.TEXT: 18.0, Kind.NUMBER: 9.0, Kind.DAY: 12.0, Kind.MOMENT: 17.0}


def table_workbook(
    title: str, columns: Sequence[Column[Row]], rows: Sequence[Row], asked: Asked, notes: Sequence[str] = ()
) -> bytes:
    """Return the rows as .xlsx; what was searched and filtered by stands above them."""
    exported = [column for column in columns if column.is_exported]
    by_key = {column.key: column.label for column in columns}
    limits = [f"{by_key[key]}：{value}" for key, value in asked.chosen]
    limits += [f"查找：{asked.text}"] if asked.text else []
    said = [f"{'，'.join(limits)}。共{len(rows)}条。" if limits else f"共{len(rows)}条。"]
    warned = [column for column in columns if column.warning]
    sheet = SheetSpec(
        title=title,
        heading=title,
        notes=[*notes, *said],
        columns=[*map(_spec, exported), *([ColumnSpec("提示", 18)] if warned else [])],
        rows=[
            [*(_exported(column, row) for column in exported), *([_warnings(warned, row)] if warned else [])]
            for row in rows
        ],
    )
    return write_workbook([sheet])


def _spec(column: Column[Row]) -> ColumnSpec:
    decimals = f"0.{'0' * column.digits}" if column.digits else ""
    return ColumnSpec(
        column.label,
        column.width or WIDTHS[column.kind],
        decimals,
        "left" if column.kind == Kind.TEXT else "center",
    )


def _exported(column: Column[Row], row: Row) -> Value:
    """Return a cell; a blank one is what the page writes instead, unless that is a dash."""
    value = column.value(row)
    if value is None or value == "":
        return None if column.blank == "—" else column.blank
    return value


def _warnings(columns: Sequence[Column[Row]], row: Row) -> str:
    """Return what the page marks in the row (方案期限：已逾期)."""
    warned = [(column.label, column.warning(row) if column.warning else "") for column in columns]
    return "；".join(f"{label}：{warning}" for label, warning in warned if warning)
