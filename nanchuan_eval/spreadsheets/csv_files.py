"""Tables written as CSV for spreadsheets, in which no text is a formula."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain

BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet takes for a formula; a number with a sign is none.
FORMULA = re.compile(r"\s*[=+\-@]")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
LINES_AT_ONCE = 1000


class _Echo:
    """Hands back what the csv module writes."""

    def write(self, text: str) -> str:
        return text


def csv_chunks(heads: Iterable[str], rows: Iterable[tuple[object, ...]]) -> Iterator[bytes]:
    """Yield a table by RFC 4180 with a byte order mark; a text that looks like a formula begins with an apostrophe."""
    writer = csv.writer(_Echo())
    lines: list[str] = [BYTE_ORDER_MARK]
    for row in chain([tuple(heads)], rows):
        lines.append(str(writer.writerow([_harmless(value) for value in row])))
        if len(lines) >= LINES_AT_ONCE:
            yield "".join(lines).encode()
            lines = []
    yield "".join(lines).encode()


def _harmless(value: object) -> object:
    is_formula = isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value
