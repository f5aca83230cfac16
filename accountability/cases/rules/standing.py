"""How a measure stands on a day (办理情况): one answer for every page, list, reminder and workbook (rulebook R-F)."""

from datetime import date
from typing import Protocol

from django.db.models import TextChoices

from accountability.cases.rules.deadlines import Urgency, urgency
from accountability.cases.rules.measures import MeasureKind, MeasureState


class Standing(TextChoices):
    """Standings of a measure (办理情况)."""

    PENDING = "pending", "待办理"
    SOON = "soon", "待办理，7日内到期"
    TODAY = "today", "待办理，今日到期"
    OVERDUE = "overdue", "已逾期"
    # The freeze takes effect by itself with the publication; what is still to be done is its record.
    IN_FORCE = "in_force", "影响期中，待登记"
    DONE = "done", "已办理"
    NOT_APPLICABLE = "not_applicable", "不适用"


# Measures that run until their last day: none is overdue before.
CONTINUING = frozenset({MeasureKind.FREEZE})
BY_URGENCY = {
    Urgency.OVERDUE: Standing.OVERDUE,
    Urgency.TODAY: Standing.TODAY,
    Urgency.SOON: Standing.SOON,
    Urgency.LATER: Standing.PENDING,
    Urgency.NONE: Standing.PENDING,
}


class Dated(Protocol):
    """What of a measure decides how it stands."""

    kind: str
    state: str
    due_on: date | None


def standing(measure: Dated, today: date) -> Standing:
    """Return how the measure stands on a day."""
    if measure.state != MeasureState.PENDING:
        return Standing(measure.state)
    found = BY_URGENCY[urgency(measure.due_on, today)]
    return Standing.IN_FORCE if measure.kind in CONTINUING and found != Standing.OVERDUE else found
