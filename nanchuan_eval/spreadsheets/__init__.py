"""Reading and writing workbooks (表格文件); no other package touches cells."""

from nanchuan_eval.spreadsheets.reading import Row, decode, read_rows
from nanchuan_eval.spreadsheets.writing import (
    ColumnSpec,
    Formula,
    Mark,
    SheetSpec,
    Value,
    stream_workbook,
    write_workbook,
)

__all__ = [
    "ColumnSpec",
    "Formula",
    "Mark",
    "Row",
    "SheetSpec",
    "Value",
    "decode",
    "read_rows",
    "stream_workbook",
    "write_workbook",
]
