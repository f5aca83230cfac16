"""Export numbers (导出编号): who exported a file, when, under which row of the audit log.

Workbooks and documents generated within `stamped` show it in the footer of every page (workbooks in their properties
too); files whose bytes must not change (ballots.csv, result.json) and lists for machines have it in their name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_number: ContextVar[str] = ContextVar("export_number", default="")


@contextmanager
def stamped(number: str) -> Iterator[None]:
    """Stamp the files generated in this context."""
    token = _number.set(number)
    try:
        yield
    finally:
        _number.reset(token)


def current() -> str:
    """Return the export number for the file being generated, or an empty text."""
    return _number.get()


def numbered_filename(name: str, number: int) -> str:
    """Return the file name with the export number before its extension."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-导出{number}{dot}{ending}" if stem else f"{ending}-导出{number}"
