"""How often a district evaluates (评议周期): half-yearly or quarterly, and the terms of either (rulebook R-A).

A quarter leaves about half the time from a list to the next vote, so that plans, reports and visits are due sooner.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices


class Rhythm(TextChoices):
    """Rhythms that a round can have (评议周期)."""

    HALF_YEAR = "half_year", "半年"
    QUARTER = "quarter", "季度"


MONTHS = {Rhythm.HALF_YEAR: 6, Rhythm.QUARTER: 3}
# What the months that a round is about are called in a letter to a person.
RECENTLY = {Rhythm.HALF_YEAR: "近半年", Rhythm.QUARTER: "近三个月"}
# Days that a period of the rhythm has, whichever months they are: February to April has the fewest.
PERIOD_DAYS = {Rhythm.HALF_YEAR: range(181, 185), Rhythm.QUARTER: range(89, 93)}
# The terms of a quarterly round that differ from those of a half-yearly one, which are the defaults.
QUARTERLY: dict[str, Any] = {
    "plan_workdays": 7,
    "at_once_workdays": 10,
    "report_months": 1,
    "recheck_days": 20,
    "order_workdays": 10,
    "inspected_sections": 10,
    "freeze_months": 3,
    "appeal_days": 10,
    "appeal_answer_days": 10,
}


def rhythm_of(rulebook: Mapping[str, Any]) -> Rhythm:
    """Return a rulebook's rhythm; one frozen before there was a choice is half-yearly."""
    return Rhythm(rulebook.get("rhythm", Rhythm.HALF_YEAR))


def months_of(rulebook: Mapping[str, Any]) -> int:
    """Return the months from one round to the next."""
    return MONTHS[rhythm_of(rulebook)]


def recently(rulebook: Mapping[str, Any]) -> str:
    """Return what a letter calls the time that the round is about."""
    return RECENTLY[rhythm_of(rulebook)]
