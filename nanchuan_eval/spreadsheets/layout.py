"""How much room text takes, how high rows are, and what fits on a page of A4."""

import unicodedata
from collections.abc import Sequence
from math import ceil

from nanchuan_eval.spreadsheets.specs import ColumnSpec, Formula, SheetSpec

ROOMY = 10  # width in characters from which a column has room for an indent
TEXT_SIZE, NOTE_SIZE, HEADING_SIZE = 10, 10, 16
BODY_LINE, NOTE_LINE, HEADING_LINE, HIGHEST_ROW = 14, 15, 26, 409  # points; 409 is Excel's own limit
MARGIN_SIDE, MARGIN_TOP, MARGIN_BOTTOM = 0.4, 0.6, 0.75  # inches
INCH, POINTS_PER_CM = 72, 72 / 2.54
SHORT_SIDE, LONG_SIDE = 595.3, 841.9  # A4 in points
CHART_ROW = 15  # points
# Pixels (96 to the inch) of a character of a column's width: 7 in Excel, as much as this where 宋体 is substituted.
CHARACTER, PADDING, POINTS_PER_PIXEL = 8.5, 5, 0.75
THIN_TAIL = 0.2  # share of a page below which a last page is not worth its sheet of paper


def indent(column: ColumnSpec) -> int:
    """Return the indent of the column's cells."""
    return 1 if column.align == "left" and column.width >= ROOMY else 0


def display_width(text: str) -> int:
    """Return the width in characters, Chinese ones counting double."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def line_count(text: str, column: ColumnSpec) -> int:
    """Return how many lines the text takes in a cell of the column."""
    room = max(1, column.width - 1 - 2 * indent(column))
    return sum(max(1, ceil(display_width(line) / room)) for line in text.split("\n"))


def shortened(text: str, column: ColumnSpec, lines: int) -> str:
    """Return the text, cut with an ellipsis if it takes more lines than this in a cell of the column."""
    if line_count(text, column) <= lines:
        return text
    end = next(n for n in range(len(text), -1, -1) if line_count(f"{text[:n]}…", column) <= lines)
    return f"{text[:end]}…"


def row_height(cells: Sequence[tuple[object, ColumnSpec]]) -> int:
    """Return the height that fits the row's wrapped text, which not every program sets automatically."""
    shown = [("" if isinstance(value, Formula) else str(value), column) for value, column in cells if value is not None]
    lines = max((line_count(text, column) for text, column in shown), default=1)
    return min(BODY_LINE * lines + 6, HIGHEST_ROW)


def line_height(text: str, spec: SheetSpec, size: int, line: int) -> int:
    """Return the height of a heading or note across the sheet; merged cells are not fitted by Excel."""
    width = sum(column.width for column in spec.columns)
    return line * max(1, ceil(display_width(text) * size / TEXT_SIZE / max(width, 1))) + 4


def table_width(spec: SheetSpec) -> float:
    """Return the table's width in points, where it is greatest."""
    return sum(column.width * CHARACTER + PADDING for column in spec.columns) * POINTS_PER_PIXEL


def chart_rows(spec: SheetSpec) -> int:
    """Return how many rows a chart takes, with an empty one above it."""
    return 1 + ceil(spec.chart.height * POINTS_PER_CM / CHART_ROW) if spec.chart else 0


def page_count(spec: SheetSpec) -> float:
    """Return how many pages the sheet fills when it is one page wide; 1 or less fits on one page."""
    wide, high = (LONG_SIDE, SHORT_SIDE) if spec.landscape else (SHORT_SIDE, LONG_SIDE)
    scale = min(1, (wide - 2 * MARGIN_SIDE * INCH) / table_width(spec))
    room = (high - (MARGIN_TOP + MARGIN_BOTTOM) * INCH) / scale
    header = row_height([(column.header, column) for column in spec.columns])
    above = line_height(spec.heading, spec, HEADING_SIZE, HEADING_LINE) if spec.heading else 0
    above += sum(line_height(note, spec, NOTE_SIZE, NOTE_LINE) for note in spec.notes)
    above += (BODY_LINE + 6) * (spec.end - spec.last_row)
    rows = sum(row_height(list(zip(row, spec.columns, strict=True))) for row in spec.rows)
    height = above + header + rows + CHART_ROW * chart_rows(spec)
    return height / room if height <= room else 1 + (height - room) / (room - header)


def pages_high(spec: SheetSpec) -> int:
    """Return how many pages the sheet is fitted to, 0 = as many as it takes.

    A last page with next to nothing is avoided by a slightly smaller print.
    """
    if spec.one_page:
        return 1
    pages = page_count(spec)
    return int(pages) if pages > 1 and pages % 1 < THIN_TAIL else 0
