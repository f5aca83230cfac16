"""Ballots: queries."""

from functools import reduce
from operator import add

from django.db.models import Case, IntegerField, Value, When
from django.db.models.expressions import Combinable

from evaluations.scoring.indicators import Indicator


def answers_given() -> Combinable:
    """Return the expression for how many of the five indicators a rating answers."""
    return reduce(add, (_if_answered(i, 1) for i in Indicator))


def _if_answered(indicator: Indicator, value: int) -> Combinable:
    return Case(
        When(**{f"{indicator}__isnull": False}, then=Value(value)),
        default=Value(0),
        output_field=IntegerField(),
    )
