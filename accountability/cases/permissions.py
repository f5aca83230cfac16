"""Whose a section is (本单位、本人): the `o` of the policy table."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureKind
from evaluations.rounds.models import RoundSection
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

Row = TypeVar("Row", bound=Model)


def visible_or_404(rows: QuerySet[Row], *, by: User, action: str, **lookup: Any) -> Row:
    """Return the one row; what the account may not look at does not exist for it, and its try leaves a trace."""
    found = rows.filter(**lookup).first()
    if found is None:
        raise policy.Hidden(by, action, str(lookup.get("pk", "")))
    return found


def is_own(by: User, section: RoundSection) -> bool:
    """Say whether the section belongs to the liaison's unit."""
    return by.role == Role.LIAISON and bool(by.unit_code) and by.unit_code == section.department_code


def visits_section(by: User, section: RoundSection) -> bool:
    """Say whether the inspector has a visit to the section."""
    return by.role == Role.INSPECTOR and section.inspections.filter(inspectors=by).exists()


def answers_for_cases(by: User) -> bool:
    """The commission answers for every listed section: each case is its own (`Yo`)."""
    return policy.may(by, "acc.open")


def measures_for(by: User) -> QuerySet[Measure]:
    """Return the measures an account may look at; what it may not see does not exist for it (404)."""
    measures = Measure.objects.select_related("case__result__section", "case__result__round")
    if policy.may_see(by, "acc.view"):
        return measures
    if policy.may_see(by, "acc.view", own=True) and by.unit_code:
        own = measures.filter(case__result__section__department_code=by.unit_code)
        return own.exclude(kind=MeasureKind.REMOVAL_PROMPT)
    return measures.none()
