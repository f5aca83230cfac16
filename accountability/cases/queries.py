"""Cases: queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from accountability.cases.models import Measure
from accountability.cases.rules.deadlines import Urgency, urgency


@dataclass(frozen=True)
class Task:
    """A measure with its urgency, for work lists."""

    measure: Measure
    urgency: Urgency


def read_tasks(measures: Iterable[Measure], today: date) -> list[Task]:
    """Return measures still to be recorded, the most urgent first."""
    tasks = [Task(measure, urgency(measure.due_on, today)) for measure in measures]
    order = list(Urgency)
    return sorted(tasks, key=lambda task: (order.index(task.urgency), task.measure.due_on or date.max))


def pending_measures() -> QuerySet[Measure]:
    """Return the measures of open cases that have no record yet."""
    return Measure.objects.pending().select_related("case__result__section", "case__result__round")
