"""Ballots by day, from the daily totals of used codes."""

from datetime import timedelta

from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.tally.rules.anomalies import Days
from evaluations.turnout.models import TurnoutDay


def returns_by_day(round_: Round) -> dict[str, dict[Days, int]]:
    """Return origin -> days -> ballots that came (one query); days the clock did not finish are one with the next."""
    rows = list(TurnoutDay.objects.filter(round=round_).order_by("day"))
    ends = sorted({row.day for row in rows})
    one = timedelta(days=1)
    before = [timezone.localtime(round_.opens_at).date() - one, *ends]
    spans = {last: Days(min(last, end + one), last) for end, last in zip(before, ends, strict=False)}
    found: dict[str, dict[Days, int]] = {}
    so_far: dict[str, int] = {}
    for row in rows:
        came = row.used - so_far.get(row.origin, 0)
        so_far[row.origin] = row.used
        if came > 0:
            found.setdefault(row.origin, {})[spans[row.day]] = came
    return found
