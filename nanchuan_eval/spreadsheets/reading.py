"""Reading `.xlsx` and `.csv` files as rows of cleaned text with sheet and row number."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from openpyxl import load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.escape import unescape

from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.names.rules.keys import tidy
from nanchuan_eval.spreadsheets.guard import check_file
from nanchuan_eval.spreadsheets.number_formats import lost_zero, other_day, other_reading, shows_month_only

MOST_ROWS, MOST_COLUMNS, MOST_MERGED = 50_000, 100, 500_000
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*\bref=[\"']([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})[\"']")
ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*)>")
ROW_NUMBER = re.compile(rb"\sr=[\"']([0-9]{1,7})[\"']")
HIDDEN = re.compile(rb"\s(?:hidden=[\"'](?:1|true)|ht=[\"']0(?:\.0*)?)[\"']")
PROJECT = Path(__file__).parents[2]
# openpyxl loads numpy where it is installed: a third of the child's start, for types that no cell of a file has.
CHILD = "import sys; sys.modules['numpy'] = None; from nanchuan_eval.spreadsheets.child import main; main()"
MOST_SECONDS = 60
TOO_MUCH = "工作簿过于复杂，无法读取，请拆分或者另存为新文件后导入。"
ENCODINGS = ("utf-8-sig", "gb18030")  # GB18030 includes GBK and GB2312
UNKNOWN_ENCODING = "文件的编码无法识别，请另存为 UTF-8 编码的 CSV 或 .xlsx。"
BROKEN = "工作簿已损坏，请重新保存后再导入。"
HOSTILE = "工作簿的 XML 含有实体声明，疑似恶意文件，不予导入。"
DELIMITERS = "\t,;|，；"
HEADER_WITHIN, LONGEST_HEADING = 20, 16
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # "Unicode 文本" of Excel
# What a list in UTF-16 without a mark consists of, if it is decoded as such.
PLAUSIBLE = re.compile(r"[\t\r\n -~\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff·•—‘’“”…]*")
Area = tuple[int, int, int, int]


class Row(NamedTuple):
    """A non-empty row: sheet, row number as in the spreadsheet program, cleaned cells.

    `is_struck` = some of its text is crossed out; `doubtful` = (column from 0, other reading) of numbers that are shown
    otherwise than they are stored. Of a hidden sheet there is one row only, which says that the sheet is there.
    """

    sheet: str
    number: int
    cells: tuple[str, ...]
    is_hidden: bool = False
    is_struck: bool = False
    in_hidden_sheet: bool = False
    doubtful: tuple[tuple[int, str], ...] = ()


def read_rows(content: bytes, filename: str, most_rows: int = 0) -> list[Row]:
    """Return every non-empty row; raises `RuleViolation` for a file that cannot be read.

    `most_rows` = another limit for a CSV file, such as a batch of codes, that this program itself writes.
    """
    check_file(content, filename)
    rows = (
        _read_csv(content, filename, most_rows or MOST_ROWS)
        if filename.lower().endswith(".csv")
        else _read_in_child(content)
    )
    return [row for row in rows if any(row.cells) or row.in_hidden_sheet]


def _read_csv(content: bytes, filename: str, most_rows: int) -> list[Row]:
    text = decode(content)
    if "\x00" in text:
        raise RuleViolation("文件含有空字符，不是有效的 CSV 文本。")
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(reader, start=1):
            texts = tuple(map(tidy, cells))
            # A CSV file does not tell whether 2019.1 was a text or the number that is left of 2019.10.
            doubtful = tuple((column, lost_zero(cell)) for column, cell in enumerate(texts) if lost_zero(cell))
            row = Row(filename, number, texts, doubtful=doubtful)
            _check_extent(row, most_rows)
            rows.append(row)
    except csv.Error:
        raise RuleViolation(
            f"“{filename}”第{len(rows) + 1}行的引号或者分隔符有误，无法读取，请改正后重新导入。"
        ) from None
    return rows


def delimiter_of(text: str) -> str:
    """Return the delimiter by the header line: the first line that one of them splits like the line below it."""
    lines = [line for line in text.replace("\r", "\n").split("\n", 8 * HEADER_WITHIN) if line.strip()][:HEADER_WITHIN]
    for line, below in zip(lines, [*lines[1:], ""], strict=False):
        fitting = [one for one in DELIMITERS if _headings(line, one) > 1 and (not below or one in below)]
        if fitting:
            return max(fitting, key=lambda one: _headings(line, one))
    return max(DELIMITERS, key=lambda one: max((line.count(one) for line in lines), default=0))


def _headings(line: str, delimiter: str) -> int:
    """Return how many cells of a line look like headings: short texts that are no numbers."""
    cells = (cell.strip().strip('"\ufeff') for cell in line.split(delimiter))
    return sum(0 < len(cell) <= LONGEST_HEADING and any(map(str.isalpha, cell)) for cell in cells)


def decode(content: bytes) -> str:
    """Return a text in UTF-8, UTF-16, GBK or GB 18030; raises `RuleViolation` for other bytes."""
    if b"\x00" in content and (text := _unmarked(content)):
        return text
    for encoding in ("utf-16",) if content.startswith(UTF16_MARKS) else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RuleViolation(UNKNOWN_ENCODING)


def _unmarked(content: bytes) -> str:
    """Return a text in UTF-16 without a mark, or "" if it is none."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = content.decode(encoding, errors="replace")
        if "\n" in text and PLAUSIBLE.fullmatch(text):
            return text
    return ""


def _read_in_child(content: bytes) -> list[Row]:
    answer = json.loads(_answer_of_child(content))
    if "faults" in answer:
        raise FileRefused([Fault(*fault) for fault in answer["faults"]])
    if "reasons" in answer:
        raise RuleViolation(*answer["reasons"])
    rows = [Row(*values) for values in answer["rows"]]
    return [
        row._replace(cells=tuple(row.cells), doubtful=tuple((n, other) for n, other in row.doubtful)) for row in rows
    ]


def _answer_of_child(content: bytes) -> bytes:
    """Read a workbook in a child process with limits of time and memory: a web process must survive any file."""
    try:
        done = subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", CHILD],
            input=content,
            capture_output=True,
            check=False,
            timeout=MOST_SECONDS,
            cwd=PROJECT,
        )
    except subprocess.TimeoutExpired:
        raise RuleViolation(TOO_MUCH) from None
    if done.returncode:
        raise RuleViolation(TOO_MUCH)
    return done.stdout


def read_workbook(content: bytes) -> list[Row]:
    """Return a workbook's rows; called in the child process."""
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            closing(load_workbook(io.BytesIO(content), read_only=True, keep_links=False, rich_text=True)) as book,
        ):
            struck = _struck_styles(book)
            return [
                row
                for sheet in book.worksheets
                for row in (
                    _sheet_rows(sheet, archive, struck) if sheet.sheet_state == "visible" else _hidden_sheet(sheet)
                )
            ]
    except RuleViolation:
        raise
    except Exception as error:
        # A broken part can make openpyxl raise any exception.
        hostile = isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException)
        raise RuleViolation(HOSTILE if hostile else BROKEN) from None


def _struck_styles(book: Any) -> frozenset[int]:
    """Return the numbers of the cell styles that cross out their text."""
    struck = [bool(font.strike) for font in book._fonts]
    return frozenset(number for number, style in enumerate(book._cell_styles) if struck[style.fontId])


def _hidden_sheet(sheet: Any) -> list[Row]:
    """Return one row that says that a hidden sheet has content, or none."""
    sheet.reset_dimensions()
    has_content = any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)
    return [Row(sheet.title, 1, ("",), in_hidden_sheet=True)] if has_content else []


def _sheet_rows(sheet: Any, archive: zipfile.ZipFile, struck: frozenset[int]) -> list[Row]:
    sheet.reset_dimensions()  # the extent that the file declares may be wrong
    faults: list[Fault] = []
    rows = list(_rows_with_content(sheet, struck, faults))
    if faults:
        raise FileRefused(faults)
    # openpyxl reports neither merged cells nor hidden rows of a sheet read as a stream.
    part = archive.read(sheet._worksheet_path)
    hidden = _hidden_rows(part)
    rows = [row._replace(is_hidden=row.number in hidden) for row in rows]
    return _fill_merged(rows, _merged_areas(part))


def _hidden_rows(part: bytes) -> set[int]:
    """Return the numbers of the rows that are hidden, filtered out or of no height; a row without a number is next."""
    hidden, number = set(), 0
    for attributes in ROW.findall(part):
        found = ROW_NUMBER.search(attributes)
        number = int(found[1]) if found else number + 1
        if HIDDEN.search(attributes):
            hidden.add(number)
    return hidden


def _is_struck(cell: Any, struck: frozenset[int]) -> bool:
    """True if a cell's text, or a part of it, is crossed out."""
    runs = cell.value if isinstance(cell.value, CellRichText) else ()
    return cell._style_id in struck or any(isinstance(run, TextBlock) and run.font.strike for run in runs)


def _rows_with_content(sheet: Any, struck: frozenset[int], faults: list[Fault]) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        filled = [cell for cell in cells if cell.value is not None]
        if not filled:
            continue
        faults += [fault for cell in filled if (fault := _fault(cell, sheet.title, number))]
        others = ((column, _other(cell)) for column, cell in enumerate(cells))
        row = Row(
            sheet.title,
            number,
            tuple(_shown(cell) for cell in cells),
            is_struck=any(_is_struck(cell, struck) for cell in filled),
            doubtful=tuple((column, other) for column, other in others if other),
        )
        _check_extent(row, MOST_ROWS)
        yield row


def _fault(cell: Any, sheet: str, number: int) -> Fault | None:
    where = f"工作表“{sheet}”第{number}行"
    if cell.data_type == "f":
        return Fault(where, "含有公式，请改为文字（复制后选择性粘贴为数值）再导入。", "含有公式")
    if cell.data_type == "e":
        return Fault(where, f"有错误值“{cell.value}”，请改正后再导入。", "有错误值")
    return None


def _check_extent(row: Row, most_rows: int) -> None:
    used = max((column for column, text in enumerate(row.cells, start=1) if text), default=0)
    if used > MOST_COLUMNS or (used and row.number > most_rows):
        raise RuleViolation(
            f"“{row.sheet}”第{row.number}行第{used}列有内容，超出{most_rows}行、{MOST_COLUMNS}列的范围，"
            "请删除多余的内容后再导入。"
        )


def _merged_areas(part: bytes) -> list[Area]:
    areas: list[Area] = []
    size = 0
    for reference in MERGED.findall(part):
        left, top, right, bottom = (int(bound or 0) for bound in range_boundaries(reference.decode()))
        area = left, top, min(right, MOST_COLUMNS), min(bottom, MOST_ROWS)
        size += (area[2] - left + 1) * (area[3] - top + 1)
        areas.append(area)
        if size > MOST_MERGED:
            raise RuleViolation("工作簿的合并单元格过多，请取消合并后再导入。")
    return areas


def _fill_merged(rows: Sequence[Row], areas: Iterable[Area]) -> list[Row]:
    """Copy the text of a merged area's first cell downwards, as people read it; what stands beside it stays empty."""
    grid = {row.number: list(row.cells) for row in rows}
    for left, top, _, bottom in areas:
        first = grid.get(top, [])[left - 1 : left]
        for number in range(top, bottom + 1) if first and first[0] else ():
            if (cells := grid.get(number)) is not None:
                cells += [""] * (left - len(cells))
                cells[left - 1] = first[0]
    return [row._replace(cells=tuple(grid[row.number])) for row in rows]


def _shown(cell: Any) -> str:
    """Return the cell's text: a number formatted 0000 keeps its zeros, a month typed as such stays a month."""
    text = _text(cell.value)
    # Excel stores 2026年12月 as its first day.
    if isinstance(cell.value, datetime) and cell.value.day == 1 and shows_month_only(cell.number_format):
        return f"{cell.value:%Y-%m}"
    if cell.data_type == "n" and text.isdigit() and not cell.number_format.strip("0"):
        return text.zfill(len(cell.number_format))
    return text


def _other(cell: Any) -> str:
    """Return how else a number or a day may be read than it is stored, or ""."""
    if isinstance(cell.value, date):
        return other_day(cell.value, cell.number_format)
    if cell.data_type != "n" or cell.value is None or isinstance(cell.value, bool):
        return ""
    return other_reading(_shown(cell), cell.number_format)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"
    return "" if value is None else tidy(unescape(str(value)))
