"""The commission's workbook of a round, and a plain table of 100,000 rows against openpyxl's own streaming."""

import os
import resource
import tempfile

from openpyxl import Workbook

from accountability.results.workbooks.top_ten import top10_workbook
from bench.measure import cpu_seconds, interleaved, report
from nanchuan_eval.spreadsheets import stream_workbook
from tests.accountability.factories import make_counted_round

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
HEADER = ["票编号", "渠道", "来源", "科室", "冷", "懒", "推", "乱", "贪"]


def run() -> None:
    """Print the CPU of the workbook, the ratio of the table and the peak of memory."""
    round_ = make_counted_round("2098H1", places=105)
    before = cpu_seconds()
    content = top10_workbook(round_)
    print(f"{'workbook of 105 sections':<44} {cpu_seconds() - before:.2f} CPU-s, {len(content):,} bytes  target < 2")
    floor, ours = interleaved(_bare, _streamed, 3)
    report(f"plain table of {ROWS:,} rows", floor, ours, 1.15, "s", 1)
    print(f"{'peak memory so far':<44} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _rows():
    for n in range(ROWS):
        yield (f"{n:08x}-0000-4000-8000-000000000000", "targeted", "issued", "D01-01", 0, 1, None, 2, 3)


def _bare() -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("行")
    sheet.append(HEADER)
    for row in _rows():
        sheet.append(row)
    with tempfile.TemporaryFile() as target:
        book.save(target)


def _streamed() -> None:
    with tempfile.TemporaryFile() as target:
        stream_workbook(target, "行", HEADER, _rows())
