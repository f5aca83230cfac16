"""Reading very large `.xlsx` and `.csv` files row by row: whatever their length, only some rows are in memory.

Beside `reading`, which keeps a whole list to look at merged cells, hidden rows and number formats.
"""

import codecs
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import tidy
from nanchuan_eval.spreadsheets.guard import MIB, OLE_MAGIC, ZIP_MAGIC, Limits, check_workbook, wrong_kind
from nanchuan_eval.spreadsheets.reading import ENCODINGS, PROJECT, UNKNOWN_ENCODING, UTF16_MARKS, Row, delimiter_of

CHILD = "import sys; sys.modules['numpy'] = None; from nanchuan_eval.spreadsheets.streaming_child import main; main()"
# Texts that `tidy` leaves as they are: most cells, and cheaper to recognise than to tidy.
PLAIN = re.compile(r"[!-~\u4e00-\u9fff，。（）、：；]+(?: [!-~\u4e00-\u9fff，。（）、：；]+)*")
BROKEN_OFF = "工作簿读取中断：文件已损坏，或者过于复杂，请另存为新文件或者 CSV 后再导入。"


def stream_rows(source: BinaryIO, filename: str, limits: Limits) -> Iterator[Row]:
    """Yield every non-empty row of an open file; raises `RuleViolation` for a file that cannot be read.

    A workbook must be a file on disk: a child process reads it from the same descriptor.
    """
    name = filename.lower()
    start = source.read(4)
    source.seek(0)
    if not start:
        raise RuleViolation("文件没有内容，请重新选择文件。")
    if name.endswith(".xlsx"):
        check_workbook(source, limits)
        yield from _from_child(source, limits)
    elif not name.endswith(".csv"):
        raise RuleViolation(wrong_kind(name))
    elif start.startswith((ZIP_MAGIC, OLE_MAGIC)):
        raise RuleViolation("文件名是 .csv，内容却是工作簿，请另存为 .xlsx。")
    else:
        yield from _from_csv(source, filename, limits)


def cleaned(text: str) -> str:
    """Return a cell's text as `tidy` does."""
    return text if not text or PLAIN.fullmatch(text) else tidy(text)


def encoding_of(source: BinaryIO) -> str:
    """Return the encoding of a text file, which is left at its start; raises `RuleViolation` if it is none known."""
    candidates = ("utf-16",) if source.read(2) in UTF16_MARKS else ENCODINGS
    for name in candidates:
        source.seek(0)
        decoder = codecs.getincrementaldecoder(name)()
        with suppress(UnicodeDecodeError):
            while block := source.read(MIB):
                decoder.decode(block)
            decoder.decode(b"", final=True)
            source.seek(0)
            return name
    raise RuleViolation(UNKNOWN_ENCODING)


def _from_csv(source: BinaryIO, filename: str, limits: Limits) -> Iterator[Row]:
    encoding = encoding_of(source)
    text = io.TextIOWrapper(source, encoding, newline="")
    delimiter = delimiter_of(text.read(65536))
    text.seek(0)
    number = 0
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=delimiter, strict=True), start=1):
            if number > limits.rows:
                raise RuleViolation(f"文件超过{limits.rows}行，请拆分后导入。")
            if any(cells):
                yield Row(filename, number, tuple(map(cleaned, cells)))
    except csv.Error:
        raise RuleViolation(
            f"“{filename}”第{number + 1}行的引号或者分隔符有误，或者含有空字符，无法读取，请改正后重新导入。"
        ) from None
    finally:
        text.detach()


def _from_child(source: BinaryIO, limits: Limits) -> Iterator[Row]:
    """Yield the rows that a child process with limits of its own reads: a web process must survive any file."""
    source.seek(0)
    child = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", CHILD, str(limits.rows), str(limits.seconds)],
        stdin=source.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=PROJECT,
    )
    try:
        if child.stdout is None:
            raise RuleViolation(BROKEN_OFF)
        is_whole = False
        for line in child.stdout:
            part: dict[str, Any] = json.loads(line)
            if "reasons" in part:
                raise RuleViolation(*part["reasons"])
            is_whole = "end" in part
            for sheet, number, cells, is_hidden in part.get("rows", ()):
                yield Row(sheet, number, tuple(cells), in_hidden_sheet=is_hidden)
        if not is_whole or child.wait():
            raise RuleViolation(BROKEN_OFF)
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
