"""Reading and writing workbooks (表格文件); no other package touches cells."""

from nanchuan_eval.spreadsheets.layout import page_count, shortened
from nanchuan_eval.spreadsheets.reading import Row, decode, read_rows
from nanchuan_eval.spreadsheets.specs import ChartSpec, ColumnSpec, Formula, Mark, SheetSpec, Value
from nanchuan_eval.spreadsheets.streaming import stream_rows
from nanchuan_eval.spreadsheets.writing import stream_workbook, write_workbook

__all__ = [
    "ChartSpec",
    "ColumnSpec",
    "Formula",
    "Mark",
    "Row",
    "SheetSpec",
    "Value",
    "decode",
    "page_count",
    "read_rows",
    "shortened",
    "stream_rows",
    "stream_workbook",
    "write_workbook",
]
