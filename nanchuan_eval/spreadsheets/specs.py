"""What a workbook to be written consists of: sheets, columns, rows, a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Literal

from openpyxl.styles import PatternFill


@dataclass(frozen=True)
class Formula:
    """A formula written by the program; text entered by users never becomes one."""

    text: str


Value = str | int | Decimal | date | datetime | Formula | None


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
class ChartSpec:
    """A native bar chart below the table: a group of bars a row, a bar a column of `series`."""

    title: str
    names: str  # header of the column that names the groups
    series: Sequence[str]  # headers of the columns with figures
    names_title: str
    values_title: str
    height: int  # cm


@dataclass(frozen=True)
class SheetSpec:
    """A sheet: heading, notes below it (演示数据…), column headers, rows, and parameters below the table."""

    title: str
    columns: Sequence[ColumnSpec]
    rows: Sequence[Sequence[Value]]
    heading: str = ""
    notes: Sequence[str] = ()
    landscape: bool = True
    # (name, value) rows to which the sheet's formulas refer; above the table they would stay in view with its header.
    parameters: Sequence[tuple[str, Value]] = ()
    one_page: bool = False
    # Cells below the header are text, so that what people type into them stays as typed (0012, 2019.10).
    is_form: bool = False
    marks: Mapping[int, Mark] = field(default_factory=dict)  # by the row's place, from 0
    frozen: str = ""  # header of the last column that stays in view
    has_filter: bool = False
    scale: Sequence[str] = ()  # headers of neighbouring columns whose cells are coloured on one scale, low to high
    chart: ChartSpec | None = None

    @property
    def header_row(self) -> int:
        """Number of the row with the column headers; the data starts in the next one."""
        return bool(self.heading) + len(self.notes) + 1

    @property
    def last_row(self) -> int:
        """Number of the table's last row."""
        return self.header_row + len(self.rows)

    @property
    def end(self) -> int:
        """Number of the last row with text: the table's, or that of the parameters, which an empty row sets apart."""
        return self.last_row + (len(self.parameters) + 1 if self.parameters else 0)

    def place(self, header: str) -> int:
        """Number of the column with this header, from 1."""
        return [column.header for column in self.columns].index(header) + 1
