"""The responsible head in the rated period: the one with more days in office (rulebook R-A)."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class InOffice(Protocol):
    """Anything with a first and a last day (None = still in office)."""

    starts_on: date
    ends_on: date | None


Head = TypeVar("Head", bound=InOffice)


def head_in_period(tenures: Iterable[Head], start: date, end: date) -> Head | None:
    """Return the tenure with most days between `start` and `end`, both included; a tie goes to the later one."""
    served = [(days_in_period(tenure, start, end), tenure.starts_on, n, tenure) for n, tenure in enumerate(tenures)]
    served = [entry for entry in served if entry[0] > 0]
    return max(served)[-1] if served else None


def days_in_period(tenure: InOffice, start: date, end: date) -> int:
    """Return the days in office between `start` and `end`, both included."""
    last = end if tenure.ends_on is None else min(end, tenure.ends_on)
    return max(0, (last - max(start, tenure.starts_on)).days + 1)
