"""The export number (导出编号) that stands in every file taken out: who took it, when, under which row of the trace.

Workbooks and printed papers made within `carrying` bear it at the foot of every page (workbooks in their properties
too); files that must stay as they are to the byte (ballots.csv, result.json) and lists for machines bear it in their
name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_mark: ContextVar[str] = ContextVar("mark", default="")


@contextmanager
def stamped(mark: str) -> Iterator[None]:
    """Let what is written meanwhile bear the mark."""
    token = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(token)


def current() -> str:
    """Return the mark that belongs into the file being written, if there is one."""
    return _mark.get()


def numbered_filename(name: str, number: int) -> str:
    """Return a file's name with its export's number before the ending."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-导出{number}{dot}{ending}" if stem else f"{ending}-导出{number}"
