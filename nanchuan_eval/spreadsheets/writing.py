"""Writing workbooks: no text can become a formula (security.md 1.2.10), every sheet is laid out for A4."""

import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from math import ceil
from typing import Any, BinaryIO, Literal

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from nanchuan_eval.core import export_numbers
from nanchuan_eval.names.rules.keys import is_invisible


@dataclass(frozen=True)
class Formula:
    """A formula written by the program; text entered by users never becomes one."""

    text: str


Value = str | int | Decimal | date | datetime | Formula | None

A4 = 9
ROOMY = 10  # width in characters from which a column has room for an indent
CHINESE = 134  # charset GB2312: a machine without the font substitutes another Chinese one
PARAMETER_COLUMN = 4  # a parameter's name spans the columns before it
BODY, HEADING = "宋体", "黑体"
LINE = Side(style="thin", color="C9D1D9")
BORDER = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
BRAND = PatternFill("solid", fgColor="0B57A4")
HEADING_FONT = Font(name=HEADING, charset=CHINESE, size=16)
NOTE_FONT = Font(name=BODY, charset=CHINESE, size=10, color="5C3C00")
HEADER_FONT = Font(name=HEADING, charset=CHINESE, size=10, bold=True, color="FFFFFF")
BODY_FONT = Font(name=BODY, charset=CHINESE, size=10)
MARKED_FONT = Font(name=BODY, charset=CHINESE, size=10, bold=True)
LINE_HEIGHT = {HEADING_FONT: 26, NOTE_FONT: 15}
BODY_LINE, HIGHEST_ROW = 14, 409  # points; 409 is Excel's own limit
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
TEXT, GENERAL = "@", "General"
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
LONGEST_TITLE, LONGEST_TEXT = 31, 32_767  # Excel's own limits


class Mark(Enum):
    """Marks of a row that needs attention: its colour, in bold type so that a grey print shows it too."""

    ALARM = PatternFill("solid", fgColor="F9D9D6")
    WARN = PatternFill("solid", fgColor="FFF1CC")


@dataclass(frozen=True)
class ColumnSpec:
    """A column: its header, width in characters, number format and alignment."""

    header: str
    width: float
    number_format: str = ""
    align: Literal["left", "right", "center"] = "left"


@dataclass(frozen=True)
class SheetSpec:
    """A sheet: heading, notes below it (演示数据…), parameters, column headers and rows."""

    title: str
    columns: Sequence[ColumnSpec]
    rows: Iterable[Sequence[Value]]
    heading: str = ""
    notes: Sequence[str] = ()
    landscape: bool = True
    # (name, value) rows between notes and header, to which the sheet's formulas refer.
    parameters: Sequence[tuple[str, Value]] = ()
    one_page: bool = False
    # Cells below the header are text, so that what people type into them stays as typed (0012, 2019.10).
    is_form: bool = False
    marks: Mapping[int, Mark] = field(default_factory=dict)  # by the row's place, from 0

    @property
    def header_row(self) -> int:
        """Number of the row with the column headers; the data starts in the next one."""
        return bool(self.heading) + len(self.notes) + len(self.parameters) + 1


def write_workbook(sheets: Sequence[SheetSpec]) -> bytes:
    """Return an .xlsx with these sheets: A4, one page wide, the header frozen and repeated on every page.

    The export number is in the footer of every page and in the file's properties.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for spec in sheets:
        _write_sheet(book.create_sheet(_sheet_title(spec.title)), spec)
    _stamp(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def stream_workbook(target: BinaryIO, title: str, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a long plain table row by row, with constant memory; texts that could be formulas are escaped."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    sheet.freeze_panes = "A2"
    sheet.append([*header])
    for row in rows:
        sheet.append([_escaped(sheet, value) if isinstance(value, str) else value for value in row])
    _stamp(book)
    book.save(target)


def _escaped(sheet: Any, text: str) -> Any:
    """Return the text, or a cell forced to text if it starts like a formula or is not printable."""
    if not text:
        return None
    if text.isalnum() or (text[0].isalnum() and text.isprintable() and len(text) <= LONGEST_TEXT):
        return text
    cell = WriteOnlyCell(sheet, _printable(text)[:LONGEST_TEXT])
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _stamp(book: Workbook) -> None:
    number = export_numbers.current()
    if not number:
        return
    book.properties.description = number
    for sheet in book.worksheets:
        if sheet.oddFooter is not None:
            sheet.oddFooter.left.text = _printable(number).replace("&", "＆")


def _sheet_title(title: str) -> str:
    return NOT_IN_TITLES.sub("_", _printable(title))[:LONGEST_TITLE]


def _write_sheet(sheet: Worksheet, spec: SheetSpec) -> None:
    _write_parameters(sheet, spec, _write_lines(sheet, spec))
    header_row = spec.header_row
    for number, column in enumerate(spec.columns, start=1):
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width, dimension.number_format = column.width, TEXT if spec.is_form else GENERAL
        cell = _put(sheet, header_row, number, column.header)
        cell.font, cell.fill, cell.border = HEADER_FONT, BRAND, BORDER
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    _fit_height(sheet, header_row, [(column.header, column) for column in spec.columns])
    # Equal cells are styled once: openpyxl takes most of its time for comparing fonts and borders.
    styles: dict[object, Any] = {}
    for row, values in enumerate(spec.rows, start=header_row + 1):
        mark = spec.marks.get(row - header_row - 1)
        for number, (column, value) in enumerate(zip(spec.columns, values, strict=True), start=1):
            cell, kind = _put(sheet, row, number, value), (number, mark, type(value))
            if kind in styles:
                cell._style = copy(styles[kind])  # type: ignore[attr-defined]  # openpyxl's own way to copy a style
            else:
                _style(cell, column, mark)
                styles[kind] = cell._style  # type: ignore[attr-defined]
        _fit_height(sheet, row, list(zip(values, spec.columns, strict=True)))
    _set_page(sheet, spec, header_row)


def _write_parameters(sheet: Worksheet, spec: SheetSpec, first: int) -> None:
    for row, (name, value) in enumerate(spec.parameters, start=first):
        for number, content in ((1, name), (PARAMETER_COLUMN, value)):
            cell = _put(sheet, row, number, content)
            cell.font, cell.border = BODY_FONT, BORDER
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=PARAMETER_COLUMN - 1)


def _fit_height(sheet: Worksheet, row: int, cells: Sequence[tuple[object, ColumnSpec]]) -> None:
    """Set the row's height to fit its wrapped text, which not every program does automatically."""
    shown = [("" if isinstance(value, Formula) else str(value), column) for value, column in cells if value is not None]
    lines = max((_line_count(text, column) for text, column in shown), default=1)
    sheet.row_dimensions[row].height = min(BODY_LINE * lines + 6, HIGHEST_ROW)


def _line_count(text: str, column: ColumnSpec) -> int:
    room = max(1, column.width - 1 - 2 * _indent(column))
    return sum(max(1, ceil(_display_width(line) / room)) for line in text.split("\n"))


def _write_lines(sheet: Worksheet, spec: SheetSpec) -> int:
    """Write heading and notes across the whole width; returns the number of the next row."""
    width = sum(column.width for column in spec.columns)
    lines = [(spec.heading, HEADING_FONT, "center")] if spec.heading else []
    lines += [(note, NOTE_FONT, "left") for note in spec.notes]
    for row, (text, font, align) in enumerate(lines, start=1):
        cell = _put(sheet, row, 1, text)
        cell.font, cell.alignment = font, Alignment(horizontal=align, vertical="center", wrap_text=True)
        if len(spec.columns) > 1:
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(spec.columns))
        # Excel adjusts the height to wrapped text, but not in merged cells.
        breaks = ceil(_display_width(text) * font.size / BODY_FONT.size / max(width, 1))
        sheet.row_dimensions[row].height = LINE_HEIGHT[font] * max(1, breaks) + 4
    return len(lines) + 1


def _indent(column: ColumnSpec) -> int:
    return 1 if column.align == "left" and column.width >= ROOMY else 0


def _put(sheet: Worksheet, row: int, column: int, value: Value) -> Cell:
    cell = sheet.cell(row, column)
    if not isinstance(cell, Cell):
        raise TypeError("a merged cell is written through its first cell")
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.make_naive(value)
    if isinstance(value, str):
        cell.value = _printable(value)[:LONGEST_TEXT]
        # openpyxl has taken a leading "=" for a formula; both marks together survive editing in Excel.
        cell.data_type = "s"
        cell.quotePrefix = True
    elif isinstance(value, Formula):
        cell.value = f"={value.text}"
    else:
        cell.value = value
    return cell


def _style(cell: Cell, column: ColumnSpec, mark: Mark | None) -> None:
    cell.font, cell.border = BODY_FONT if mark is None else MARKED_FONT, BORDER
    if mark is not None:
        cell.fill = mark.value
    cell.alignment = Alignment(horizontal=column.align, vertical="center", wrap_text=True, indent=_indent(column))
    if column.number_format:
        cell.number_format = column.number_format
    elif isinstance(cell.value, datetime):
        cell.number_format = MOMENT
    elif isinstance(cell.value, date):
        cell.number_format = DAY


def _set_page(sheet: Worksheet, spec: SheetSpec, header_row: int) -> None:
    sheet.freeze_panes = f"A{header_row + 1}"
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.page_setup.orientation = "landscape" if spec.landscape else "portrait"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, int(spec.one_page)
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom, sheet.page_margins.footer = 0.6, 0.75, 0.35
    sheet.print_options.horizontalCentered = True
    if sheet.oddFooter is not None:
        sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def _printable(text: str) -> str:
    """Return the text without control and invisible characters; line breaks stay."""
    return "".join(c for c in text.replace("\r", "") if not is_invisible(c))


def _display_width(text: str) -> int:
    """Return the width in characters, Chinese ones counting double."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
