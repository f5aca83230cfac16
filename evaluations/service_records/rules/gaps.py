"""Working days without a delivery (没有报送的工作日), counted as long as deliveries are expected."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from evaluations.service_records.rules.frame import runs_of

Period = tuple[date, date]


@dataclass(frozen=True)
class Gaps:
    """What a unit did not deliver: runs from the first to the last day, and how many working days these are."""

    runs: Sequence[Period] = ()
    workdays: int = 0


def last_expected(today: date, newest: date, period: Period | None) -> date:
    """Return the last day of which deliveries must have come: yesterday at most.

    After the period, deliveries are expected as long as some unit still makes them.
    """
    return min(today - timedelta(days=1), max(newest, period[1]) if period else newest)


def first_expected(delivered: Collection[date], period: Period | None) -> date | None:
    """Return the first day of which a unit's deliveries are expected; None where nothing tells."""
    starts = [*([min(delivered)] if delivered else []), *([period[0]] if period else [])]
    return min(starts, default=None)


def gaps_of(delivered: Collection[date], first: date | None, workdays: Sequence[date]) -> Gaps:
    """Return the working days from `first` on without a delivery; `workdays` = all of them, in order."""
    if first is None or not workdays:
        return Gaps()
    span = workdays[bisect_left(workdays, first) :]
    held = [day for day in delivered if day <= workdays[-1]]
    missing = set(span).difference(delivered)
    return Gaps(runs_of(missing, {*span, *held}), len(missing))
