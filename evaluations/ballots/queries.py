"""Ballots: queries."""

from functools import reduce
from operator import add

from django.db.models import Case, IntegerField, Value, When
from django.db.models.expressions import Combinable

from evaluations.ballots.models import Rating
from evaluations.scoring.method import Indicator


def answers_given() -> Combinable:
    """Return the expression for how many of the five indicators a rating answers."""
    return reduce(add, (_if_answered(i, 1) for i in Indicator))


def _if_answered(indicator: Indicator, value: int) -> Combinable:
    return Case(
        When(**{f"{indicator}__isnull": False}, then=Value(value)),
        default=Value(0),
        output_field=IntegerField(),
    )


def vote_line(rating: Rating) -> dict[str, object]:
    """Return a rating as it stood in the vote that was committed to (protocol 6.3)."""
    levels = {indicator.value: getattr(rating, indicator.value) for indicator in Indicator}
    return {
        "answers": {key: level for key, level in levels.items() if level is not None},
        "manifestations": rating.manifestations.split(),
        "section": rating.section.code,
    }
