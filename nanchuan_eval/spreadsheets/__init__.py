"""Reading and writing workbooks (表格文件); no other package touches cells."""

from nanchuan_eval.spreadsheets.reading import Row, clean, read_rows
from nanchuan_eval.spreadsheets.writing import ColumnSpec, Formula, SheetSpec, Value, stream_workbook, write_workbook

__all__ = [
    "ColumnSpec",
    "Formula",
    "Row",
    "SheetSpec",
    "Value",
    "clean",
    "read_rows",
    "stream_workbook",
    "write_workbook",
]
