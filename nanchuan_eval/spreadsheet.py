"""Workbooks (表格文件): the only place that reads or writes cells.

Reading guards before anything is opened; writing can produce no formula, whatever the text (security 1.2.10).
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from nanchuan_eval.errors import RuleViolation

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_UNPACKED = 100 * 1024 * 1024
LARGEST_RATIO = 200
MOST_PARTS = 2000
MOST_ROWS, MOST_COLUMNS = 200_000, 100
OLE_MAGIC = b"\xd0\xcf\x11\xe0"
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
DIMENSION = re.compile(rb'<(?:\w+:)?(?:c|dimension)\b[^>]*\br(?:ef)?="([A-Z]{1,3}[0-9]{1,7}(?::[A-Z]{1,3}[0-9]{1,7})?)"')
Row = tuple[str, int, tuple[str, ...]]
Value = str | int | Decimal | date | datetime | None


def read_rows(content: bytes, filename: str) -> list[Row]:
    """Return (sheet, row number, cleaned cells) of every row that is not empty; `.xlsx` or `.csv`."""
    if len(content) > LARGEST_FILE:
        raise RuleViolation("文件超过20兆，请拆分后再导入。")
    name = filename.lower()
    if name.endswith(".xlsx"):
        return _read_xlsx(content)
    if name.endswith(".csv"):
        return _read_csv(content)
    raise RuleViolation("只能导入 .xlsx 或 .csv 文件;.xls 请先另存为 .xlsx。")


def clean(text: str) -> str:
    """Return a cell's text without invisible characters and without blanks (half or full width) at the ends."""
    kept = "".join(c if c.isspace() or unicodedata.category(c) not in INVISIBLE else "" for c in text)
    return unicodedata.normalize("NFC", " ".join(kept.split()) if "\n" not in kept else kept.strip())


def _read_csv(content: bytes) -> list[Row]:
    text = _decode(content)
    if "\x00" in text:
        raise RuleViolation("文件不是有效的CSV文本。")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [("CSV", reader.line_num, tuple(map(clean, cells))) for cells in reader]
    except csv.Error:
        raise RuleViolation("文件不是有效的CSV文本。") from None
    return [row for row in rows if any(row[2])]


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RuleViolation("文件的编码无法识别，请另存为UTF-8编码的CSV或 .xlsx。")


def _read_xlsx(content: bytes) -> list[Row]:
    _refuse_dangerous(content)
    try:
        book = load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
    except Exception:  # openpyxl raises whatever a broken part makes it stumble over
        raise RuleViolation("文件已损坏或不是有效的 .xlsx 工作簿。") from None
    rows = [row for sheet in book.worksheets for row in _sheet_rows(sheet)]
    return [row for row in rows if any(row[2])]


def _sheet_rows(sheet: Worksheet) -> Iterator[Row]:
    merged = _merged_values(sheet)
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield sheet.title, number, tuple(_text(sheet, cell, merged) for cell in cells)


def _merged_values(sheet: Worksheet) -> dict[tuple[int, int], object]:
    values: dict[tuple[int, int], object] = {}
    for area in sheet.merged_cells.ranges:
        left, top, right, bottom = range_boundaries(str(area))
        value = sheet.cell(top, left).value
        # A title merged over many columns is one text; a department merged over its rows belongs to each of them.
        rows = range(top, bottom + 1)
        values |= {(row, left): value for row in rows} if left == right else {(top, left): value}
        if left != right and top != bottom:
            values |= {(row, column): value for row in rows for column in range(left, right + 1)}
    return values


def _text(sheet: Worksheet, cell: Cell | MergedCell, merged: dict[tuple[int, int], object]) -> str:
    value = merged.get((cell.row, cell.column), cell.value)
    if isinstance(value, str) and value.startswith("=") and getattr(cell, "data_type", "") == "f":
        raise RuleViolation(f"工作表“{sheet.title}”第{cell.row}行含有公式，请改为文字后再导入。")
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else clean(str(value))


def _refuse_dangerous(content: bytes) -> None:
    """Look at the zip's own table before anything is unpacked."""
    if content.startswith(OLE_MAGIC):
        raise RuleViolation("文件是旧版 .xls 或设有打开密码，请另存为不加密的 .xlsx。")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _refuse_archive(archive)
            _refuse_far_cells(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise RuleViolation("文件已损坏或不是有效的 .xlsx 工作簿。") from None


def _refuse_archive(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if len(parts) > MOST_PARTS:
        raise RuleViolation("工作簿的部件过多，疑似异常文件，不予导入。")
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    if unpacked > LARGEST_UNPACKED or (unpacked > 1024 * 1024 and unpacked / packed > LARGEST_RATIO):
        raise RuleViolation("工作簿解压后过大，疑似异常文件，不予导入。")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise RuleViolation("工作簿含有宏，请另存为不含宏的 .xlsx。")
    if "[Content_Types].xml" not in names:
        raise RuleViolation("文件不是 .xlsx 工作簿。")


def _refuse_far_cells(archive: zipfile.ZipFile) -> None:
    """Refuse a cell far out (XFD1048576): reading up to it would fill the memory."""
    for name in archive.namelist():
        if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
            continue
        for reference in DIMENSION.findall(archive.read(name)):
            _, _, column, row = range_boundaries(reference.decode())
            if (column or 0) > MOST_COLUMNS or (row or 0) > MOST_ROWS:
                raise RuleViolation(f"工作表超过{MOST_ROWS}行或{MOST_COLUMNS}列，请删除多余的行列后再导入。")


@dataclass(frozen=True)
class ColumnSpec:
    """A column: its header, width in characters, number format and alignment."""

    header: str
    width: float
    number_format: str = ""
    align: str = "left"


@dataclass(frozen=True)
class SheetSpec:
    """A sheet to print: a title line, notes below it, a header and rows."""

    title: str
    columns: Sequence[ColumnSpec]
    rows: Iterable[Sequence[Value]]
    heading: str = ""
    notes: Sequence[str] = ()
    landscape: bool = True


LINE = Side(style="thin", color="C9D1D9")
BORDER = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
BRAND = PatternFill("solid", fgColor="0B57A4")
BODY, HEADING = "宋体", "黑体"


def write_workbook(sheets: Sequence[SheetSpec]) -> bytes:
    """Return an .xlsx with these sheets, A4, one page wide, header repeated on every printed page."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for spec in sheets:
        _write_sheet(book.create_sheet(spec.title), spec)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _write_sheet(sheet: Worksheet, spec: SheetSpec) -> None:
    width = len(spec.columns)
    top = _write_lines(sheet, spec, width)
    for column, column_spec in enumerate(spec.columns, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = column_spec.width
        cell = _put(sheet, top, column, column_spec.header)
        cell.font, cell.fill, cell.border = Font(name=HEADING, bold=True, color="FFFFFF", size=10), BRAND, BORDER
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for row, values in enumerate(spec.rows, start=top + 1):
        for column, (column_spec, value) in enumerate(zip(spec.columns, values, strict=True), start=1):
            _style(_put(sheet, row, column, value), column_spec)
    _page(sheet, spec, top)


def _write_lines(sheet: Worksheet, spec: SheetSpec, width: int) -> int:
    """Write title and notes, each over the whole width, and return the header's row."""
    lines = [(spec.heading, Font(name=HEADING, bold=True, size=16), "center")] if spec.heading else []
    lines += [(note, Font(name=BODY, size=10, color="5C3C00"), "left") for note in spec.notes]
    for row, (text, font, align) in enumerate(lines, start=1):
        cell = _put(sheet, row, 1, text)
        cell.font, cell.alignment = font, Alignment(horizontal=align, vertical="center", wrap_text=True)
        if width > 1:
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=width)
    return len(lines) + 1


def _put(sheet: Worksheet, row: int, column: int, value: Value) -> Cell:
    cell = sheet.cell(row, column)
    if isinstance(value, datetime):
        value = value.strftime("%Y-%m-%d %H:%M")
    cell.value = clean(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = True
    assert isinstance(cell, Cell)  # noqa: S101  only the merged cells of the lines above are not
    return cell


def _style(cell: Cell, spec: ColumnSpec) -> None:
    cell.font, cell.border = Font(name=BODY, size=10), BORDER
    cell.alignment = Alignment(horizontal=spec.align, vertical="center", wrap_text=True)
    if spec.number_format:
        cell.number_format = spec.number_format


def _page(sheet: Worksheet, spec: SheetSpec, header_row: int) -> None:
    sheet.freeze_panes = f"A{header_row + 1}"
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.page_setup.orientation = "landscape" if spec.landscape else "portrait"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.center.text = "— &P —"
