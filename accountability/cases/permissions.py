"""Ownership of sections (本单位、本人), the `o` of the policy table; rows an account may see."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accountability.cases.models import Measure, MeasureQuerySet
from accountability.cases.rules.measures import MeasureKind
from evaluations.rounds.models import RoundSection
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

Row = TypeVar("Row", bound=Model)


def visible_or_404(rows: QuerySet[Row], *, by: User, action: str, **lookup: Any) -> Row:
    """Return the row; one that the account may not see is a 404, and the attempt is logged."""
    found = rows.filter(**lookup).first()
    if found is None:
        raise policy.Hidden(by, action, str(lookup.get("pk", "")))
    return found


def is_own(by: User, section: RoundSection) -> bool:
    """True if the section belongs to the liaison's unit."""
    return by.role == Role.LIAISON and bool(by.unit_code) and by.unit_code == section.department_code


def visits_section(by: User, section: RoundSection) -> bool:
    """True if the inspector is assigned to a visit of the section."""
    return by.role == Role.INSPECTOR and section.inspections.filter(inspectors=by).exists()


def answers_for_cases(by: User) -> bool:
    """True for the commission, which owns every case (`Yo`)."""
    return policy.may(by, "acc.open")


def measures_for(by: User) -> MeasureQuerySet:
    """Return the measures an account may see; a unit never sees a removal prompt."""
    measures = Measure.objects.select_related("case__result__section", "case__result__round")
    if policy.may_see(by, "acc.view"):
        return measures
    if policy.may_see(by, "acc.view", own=True) and by.unit_code:
        own = measures.filter(case__result__section__department_code=by.unit_code)
        return own.exclude(kind=MeasureKind.REMOVAL_PROMPT)
    return measures.none()
