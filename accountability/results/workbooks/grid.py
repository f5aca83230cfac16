"""Cell addresses on a calculation sheet, and exact values in its cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from openpyxl.utils import get_column_letter

from nanchuan_eval.spreadsheets import Formula, Value

SCORE = "0.0000"
FIXED = 3  # 位次, 单位, 科室


@dataclass(frozen=True)
class Grid:
    """A row a section: names, `width` columns for every channel, further columns; the parameters below."""

    channels: Sequence[str]
    width: int
    parameters: Sequence[str]
    top: int  # row of the header
    rows: int

    @property
    def first(self) -> int:
        """The first section's row."""
        return self.top + 1

    def column(self, channel: str, what: int) -> str:
        """Letter of a channel's column."""
        return get_column_letter(FIXED + 1 + self.width * list(self.channels).index(channel) + what)

    def after(self, number: int) -> str:
        """Letter of the n-th column after the channels."""
        return get_column_letter(FIXED + self.width * len(self.channels) + number)

    def span(self, letter: str, rows: int | None = None) -> str:
        """Absolute range of a column's data, or of its first rows."""
        count = self.rows if rows is None else rows
        return f"${letter}${self.first}:${letter}${self.first + max(count, 1) - 1}"

    def parameter(self, name: str) -> str:
        """Absolute address of a parameter's cell."""
        return f"$D${self.first + self.rows + 1 + self.parameters.index(name)}"


def quotient(value: Fraction) -> Value:
    """An exact parameter: an integer, or a division as a formula."""
    return value.numerator if value.denominator == 1 else Formula(f"{value.numerator}/{value.denominator}")


def stored(value: Fraction) -> Decimal:
    """A stored value, rounded to the precision of a cell."""
    return round(Decimal(value.numerator) / Decimal(value.denominator), 12)
