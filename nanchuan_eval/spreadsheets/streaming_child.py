"""Child process that reads a very large workbook from its standard input and writes its rows as lines of JSON."""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from typing import Any, TextIO

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.spreadsheets.reading import BROKEN, HOSTILE, MOST_COLUMNS
from nanchuan_eval.spreadsheets.streaming import cleaned

MOST_MEMORY = 2 * 1024 * 1024 * 1024
PART = 500  # rows
ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})
StreamedRow = tuple[str, int, list[str], bool]


def main() -> None:
    """Read within limits of memory, CPU time and open files; `argv` = most rows, most seconds."""
    rows, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    answer(sys.stdin.buffer, sys.stdout, rows)


def answer(source: Any, target: TextIO, most_rows: int) -> None:
    """Write the rows in parts, then that they are all, or why the file is refused."""
    try:
        part: list[StreamedRow] = []
        for row in _rows(source, most_rows):
            part.append(row)
            if len(part) == PART:
                _write(target, {"rows": part})
                part = []
        _write(target, {"rows": part, "end": True})
    except RuleViolation as refusal:
        _write(target, {"reasons": refusal.reasons})
    except Exception as error:
        # A broken part can make openpyxl raise any exception.
        is_hostile = isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException)
        _write(target, {"reasons": [HOSTILE if is_hostile else BROKEN]})


def _write(target: TextIO, part: object) -> None:
    target.write(json.dumps(part) + "\n")


def _rows(source: Any, most_rows: int) -> Iterator[StreamedRow]:
    with closing(load_workbook(source, read_only=True, keep_links=False)) as book:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # the extent that the file declares may be wrong
            for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                if all(value is None for value in values):
                    continue
                if sheet.sheet_state != "visible":
                    yield sheet.title, 1, [""], True
                    break
                if number > most_rows or len(values) > MOST_COLUMNS:
                    where = f"“{sheet.title}”第{number}行"
                    raise RuleViolation(f"{where}超出{most_rows}行、{MOST_COLUMNS}列的范围，请拆分后再导入。")
                yield sheet.title, number, [_text(value, sheet.title, number) for value in values], False


def _text(value: Any, sheet: str, number: int) -> str:
    """Return the cell's text; a formula has no value that could be relied on."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value.startswith("=") or value in ERRORS:
            raise RuleViolation(f"工作表“{sheet}”第{number}行含有公式或者错误值，请复制后选择性粘贴为数值再导入。")
        return cleaned(unescape(value) if "_x" in value else value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return cleaned(str(value))
