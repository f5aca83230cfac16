"""Reading `.xlsx` and `.csv` files as rows of cleaned text with sheet and row number."""

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.escape import unescape

from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.spreadsheets.guard import check_file

MOST_ROWS, MOST_COLUMNS, MOST_MERGED = 50_000, 100, 500_000
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
# A line break between Latin words or codes is a separator; inside Chinese text it is only a wrapped line.
BREAK_BETWEEN_WORDS = re.compile(r"(?<=[!-~])[ \t]*[\r\n\t]+[ \t]*(?=[!-~])")
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*\bref=[\"']([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})[\"']")
PROJECT = Path(__file__).parents[2]
MOST_SECONDS = 60
TOO_MUCH = "工作簿过于复杂，无法读取，请拆分或者另存为新文件后导入。"
ENCODINGS = ("utf-8-sig", "gb18030")  # GB18030 includes GBK and GB2312
BROKEN = "工作簿已损坏，请重新保存后再导入。"
HOSTILE = "工作簿的 XML 含有实体声明，疑似恶意文件，不予导入。"
DELIMITERS = ",\t;"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # "Unicode 文本" of Excel
Area = tuple[int, int, int, int]


class Row(NamedTuple):
    """A non-empty row: sheet, row number as in the spreadsheet program, cleaned cells."""

    sheet: str
    number: int
    cells: tuple[str, ...]


def read_rows(content: bytes, filename: str) -> list[Row]:
    """Return every non-empty row; raises `RuleViolation` for a file that cannot be read."""
    check_file(content, filename)
    rows = _read_csv(content, filename) if filename.lower().endswith(".csv") else _read_in_child(content)
    return [row for row in rows if any(row.cells)]


def clean(text: str) -> str:
    """Return the text in NFC without invisible characters; runs of blanks, full-width ones too, become one."""
    text = BREAK_BETWEEN_WORDS.sub(" ", text)
    kept = "".join(" " if c.isspace() and c not in "\r\n" else c for c in text)
    kept = "".join(c for c in kept if unicodedata.category(c) not in INVISIBLE)
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def _read_csv(content: bytes, filename: str) -> list[Row]:
    text = _decode(content)
    if "\x00" in text:
        raise RuleViolation("文件含有空字符，不是有效的 CSV 文本。")
    delimiter = max(DELIMITERS, key=text.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(reader, start=1):
            row = Row(filename, number, tuple(map(clean, cells)))
            _check_extent(row)
            rows.append(row)
    except csv.Error:
        raise RuleViolation(
            f"“{filename}”第{len(rows) + 1}行的引号或者分隔符有误，无法读取，请改正后重新导入。"
        ) from None
    return rows


def _decode(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith(UTF16_MARKS) else ENCODINGS
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RuleViolation("文件的编码无法识别，请另存为 UTF-8 编码的 CSV 或 .xlsx。")


def _read_in_child(content: bytes) -> list[Row]:
    """Read a workbook in a child process with limits of time and memory: a web process must survive any file."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "nanchuan_eval.spreadsheets.child"],
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
    answer = json.loads(done.stdout)
    if "faults" in answer:
        raise FileRefused([Fault(*fault) for fault in answer["faults"]])
    if "reasons" in answer:
        raise RuleViolation(*answer["reasons"])
    return [Row(sheet, number, tuple(cells)) for sheet, number, cells in answer["rows"]]


def read_workbook(content: bytes) -> list[Row]:
    """Return a workbook's rows; called in the child process."""
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            closing(load_workbook(io.BytesIO(content), read_only=True, keep_links=False)) as book,
        ):
            visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            return [row for sheet in visible for row in _sheet_rows(sheet, archive)]
    except RuleViolation:
        raise
    except Exception as error:
        # A broken part can make openpyxl raise any exception.
        hostile = isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException)
        raise RuleViolation(HOSTILE if hostile else BROKEN) from None


def _sheet_rows(sheet: Any, archive: zipfile.ZipFile) -> list[Row]:
    sheet.reset_dimensions()  # the extent that the file declares may be wrong
    faults: list[Fault] = []
    rows = list(_rows_with_content(sheet, faults))
    if faults:
        raise FileRefused(faults)
    # openpyxl does not report merged cells of a sheet read as a stream.
    return _fill_merged(rows, _merged_areas(archive.read(sheet._worksheet_path)))


def _rows_with_content(sheet: Any, faults: list[Fault]) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if all(cell.value is None for cell in cells):
            continue
        faults += [fault for cell in cells if (fault := _fault(cell, sheet.title, number))]
        row = Row(sheet.title, number, tuple(_shown(cell) for cell in cells))
        _check_extent(row)
        yield row


def _fault(cell: Any, sheet: str, number: int) -> Fault | None:
    where = f"工作表“{sheet}”第{number}行"
    if cell.data_type == "f":
        return Fault(where, "含有公式，请改为文字（复制后选择性粘贴为数值）再导入。", "含有公式")
    if cell.data_type == "e":
        return Fault(where, f"有错误值“{cell.value}”，请改正后再导入。", "有错误值")
    return None


def _check_extent(row: Row) -> None:
    used = max((column for column, text in enumerate(row.cells, start=1) if text), default=0)
    if used > MOST_COLUMNS or (used and row.number > MOST_ROWS):
        raise RuleViolation(
            f"“{row.sheet}”第{row.number}行第{used}列有内容，超出{MOST_ROWS}行、{MOST_COLUMNS}列的范围，"
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
    """Copy the text of a merged area's first cell into all its cells, as people read it."""
    grid = {row.number: list(row.cells) for row in rows}
    for left, top, right, bottom in areas:
        first = grid.get(top, [])[left - 1 : left]
        for number in range(top, bottom + 1) if first and first[0] else ():
            if (cells := grid.get(number)) is not None:
                cells += [""] * (right - len(cells))
                cells[left - 1 : right] = first * (right - left + 1)
    return [row._replace(cells=tuple(grid[row.number])) for row in rows]


def _shown(cell: Any) -> str:
    """Return the cell's text; a number formatted with leading zeros (0000) keeps them."""
    text = _text(cell.value)
    if cell.data_type == "n" and text.isdigit() and not cell.number_format.strip("0"):
        return text.zfill(len(cell.number_format))
    return text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"
    return "" if value is None else clean(unescape(str(value)))
