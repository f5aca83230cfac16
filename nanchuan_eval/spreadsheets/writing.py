"""Writing workbooks: no text can become a formula (security.md 1.2.10), every sheet is laid out for A4."""

import io
import re
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import date, datetime
from typing import Any, BinaryIO

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from nanchuan_eval.core import export_numbers
from nanchuan_eval.names.rules.keys import is_invisible
from nanchuan_eval.spreadsheets.bar_charts import add_chart
from nanchuan_eval.spreadsheets.layout import (
    CHART_ROW,
    HEADING_LINE,
    HEADING_SIZE,
    MARGIN_BOTTOM,
    MARGIN_SIDE,
    MARGIN_TOP,
    NOTE_LINE,
    NOTE_SIZE,
    TEXT_SIZE,
    chart_rows,
    indent,
    line_height,
    pages_high,
    row_height,
)
from nanchuan_eval.spreadsheets.specs import ColumnSpec, Formula, Mark, SheetSpec, Value

A4 = 9
CHINESE = 134  # charset GB2312: a machine without the font substitutes another Chinese one
PARAMETER_COLUMN = 4  # a parameter's name spans the columns before it
BODY, HEADING = "宋体", "黑体"
LINE = Side(style="thin", color="C9D1D9")
BORDER = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
PALE, DEEP = "F7FAFD", "6F9FD0"  # ends of a colour scale; black text is legible on both
BRAND = PatternFill("solid", fgColor="0B57A4")
HEADING_FONT = Font(name=HEADING, charset=CHINESE, size=HEADING_SIZE)
NOTE_FONT = Font(name=BODY, charset=CHINESE, size=NOTE_SIZE, color="5C3C00")
HEADER_FONT = Font(name=HEADING, charset=CHINESE, size=TEXT_SIZE, bold=True, color="FFFFFF")
BODY_FONT = Font(name=BODY, charset=CHINESE, size=TEXT_SIZE)
MARKED_FONT = Font(name=BODY, charset=CHINESE, size=TEXT_SIZE, bold=True)
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
TEXT, GENERAL = "@", "General"
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
LONGEST_TITLE, LONGEST_TEXT = 31, 32_767  # Excel's own limits


def write_workbook(sheets: Sequence[SheetSpec]) -> bytes:
    """Return an .xlsx with these sheets: A4, one page wide, the header frozen and repeated on every page.

    The export number is in the footer of every page and in the file's properties.
    """
    book = Workbook()
    # The width of a column is counted in digits of this font.
    book._named_styles["Normal"].font = BODY_FONT  # type: ignore[attr-defined]
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
    sheet.freeze_panes, sheet.print_title_rows = "A2", "1:1"
    _set_paper(sheet, landscape=True, pages=0)
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
    _write_lines(sheet, spec)
    header_row = spec.header_row
    for number, column in enumerate(spec.columns, start=1):
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width, dimension.number_format = column.width, TEXT if spec.is_form else GENERAL
        cell = _put(sheet, header_row, number, column.header)
        cell.font, cell.fill, cell.border = HEADER_FONT, BRAND, BORDER
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.row_dimensions[header_row].height = row_height([(column.header, column) for column in spec.columns])
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
        sheet.row_dimensions[row].height = row_height(list(zip(values, spec.columns, strict=True)))
    _write_parameters(sheet, spec)
    _set_view(sheet, spec)
    _set_page(sheet, spec)


def _write_parameters(sheet: Worksheet, spec: SheetSpec) -> None:
    for row, (name, value) in enumerate(spec.parameters, start=spec.last_row + 2):
        for number, content in ((1, name), (PARAMETER_COLUMN, value)):
            cell = _put(sheet, row, number, content)
            cell.font, cell.border = BODY_FONT, BORDER
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=PARAMETER_COLUMN - 1)


def _write_lines(sheet: Worksheet, spec: SheetSpec) -> None:
    """Write heading and notes across the whole width."""
    lines = [(spec.heading, HEADING_FONT, "center", HEADING_LINE)] if spec.heading else []
    lines += [(note, NOTE_FONT, "left", NOTE_LINE) for note in spec.notes]
    for row, (text, font, align, line) in enumerate(lines, start=1):
        cell = _put(sheet, row, 1, text)
        cell.font, cell.alignment = font, Alignment(horizontal=align, vertical="center", wrap_text=True)
        if len(spec.columns) > 1:
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(spec.columns))
        sheet.row_dimensions[row].height = line_height(text, spec, int(font.size), line)


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
    cell.alignment = Alignment(horizontal=column.align, vertical="center", wrap_text=True, indent=indent(column))
    if column.number_format:
        cell.number_format = column.number_format
    elif isinstance(cell.value, datetime):
        cell.number_format = MOMENT
    elif isinstance(cell.value, date):
        cell.number_format = DAY


def _set_view(sheet: Worksheet, spec: SheetSpec) -> None:
    """What the sheet does on the screen: frozen panes, filters, the colour scale."""
    frozen = spec.place(spec.frozen) if spec.frozen else 0
    sheet.freeze_panes = f"{get_column_letter(frozen + 1)}{spec.header_row + 1}"
    if spec.has_filter:
        sheet.auto_filter.ref = f"A{spec.header_row}:{get_column_letter(len(spec.columns))}{spec.last_row}"
    if spec.scale and spec.rows:
        first, last = (get_column_letter(spec.place(header)) for header in (spec.scale[0], spec.scale[-1]))
        ends = {"start_type": "min", "start_color": PALE, "end_type": "max", "end_color": DEEP}
        rule = ColorScaleRule(**ends)  # type: ignore[no-untyped-call]
        sheet.conditional_formatting.add(f"{first}{spec.header_row + 1}:{last}{spec.last_row}", rule)
    if spec.chart and spec.rows:
        for row in range(spec.last_row + 1, spec.last_row + chart_rows(spec) + 1):
            sheet.row_dimensions[row].height = CHART_ROW
        add_chart(sheet, spec, spec.chart)


def _set_page(sheet: Worksheet, spec: SheetSpec) -> None:
    sheet.print_title_rows = f"{spec.header_row}:{spec.header_row}"
    sheet.print_area = f"A1:{get_column_letter(len(spec.columns))}{spec.end + chart_rows(spec)}"
    _set_paper(sheet, landscape=spec.landscape, pages=pages_high(spec))


def _set_paper(sheet: Any, *, landscape: bool, pages: int) -> None:
    """Set A4, one page wide and so many high (0 = as many as it takes), with page numbers."""
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, pages
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = MARGIN_SIDE
    sheet.page_margins.top, sheet.page_margins.bottom, sheet.page_margins.footer = MARGIN_TOP, MARGIN_BOTTOM, 0.35
    sheet.print_options.horizontalCentered = True
    if sheet.oddFooter is not None:
        sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def _printable(text: str) -> str:
    """Return the text without control and invisible characters; line breaks stay."""
    return "".join(c for c in text.replace("\r", "") if not is_invisible(c))
