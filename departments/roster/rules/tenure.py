"""The responsible head in the rated period: the one with more days in office (rulebook R-A)."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar

from nanchuan_eval.names.rules.keys import name_key


class InOffice(Protocol):
    """Anything with a person's name, a first and a last day (None = still in office)."""

    name: str
    starts_on: date
    ends_on: date | None


Head = TypeVar("Head", bound=InOffice)


def head_in_period(tenures: Iterable[Head], start: date, end: date) -> Head | None:
    """Return the last tenure of the person with most days between `start` and `end`, both included.

    Several tenures of one person count together, however the name is written; a tie goes to the later one.
    """
    served = [(tenure, days_in_period(tenure, start, end)) for tenure in tenures]
    served = [(tenure, days) for tenure, days in served if days]
    total: dict[str, int] = {}
    for tenure, days in served:
        total[name_key(tenure.name)] = total.get(name_key(tenure.name), 0) + days
    found = [((total[name_key(one.name)], one.starts_on, n), one) for n, (one, _) in enumerate(served)]
    return max(found, key=lambda entry: entry[0])[1] if found else None


def days_in_period(tenure: InOffice, start: date, end: date) -> int:
    """Return the days in office between `start` and `end`, both included."""
    last = end if tenure.ends_on is None else min(end, tenure.ends_on)
    return max(0, (last - max(start, tenure.starts_on)).days + 1)
