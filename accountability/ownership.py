"""Whose a section is (本单位、本人): the `o` of the policy table."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accountability.models import Inspection, Measure, Objection, Order, Rectification
from accountability.rules.measures import MeasureKind
from evaluations.models import RoundSection
from nanchuan_eval import policy
from nanchuan_eval.models import User
from nanchuan_eval.policy import Role

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


def is_assigned(by: User, inspection: Inspection) -> bool:
    """Say whether the visit is the inspector's own."""
    return by.role == Role.INSPECTOR and inspection.inspectors.filter(pk=by.pk).exists()


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


def rectifications_for(by: User) -> QuerySet[Rectification]:
    """Return the rectifications an account may look at: all, the unit's own, or those an inspector visits."""
    rows = Rectification.objects.select_related("case__result__section", "case__result__round")
    if policy.may_see(by, "rect.view"):
        return rows
    if not policy.may_see(by, "rect.view", own=True):
        return rows.none()
    if by.role == Role.INSPECTOR:
        return rows.filter(inspections__inspectors=by).distinct()
    return rows.of_unit(by.unit_code) if by.unit_code else rows.none()


def inspections_for(by: User) -> QuerySet[Inspection]:
    """Return the visits an account may look at: all of them, or an inspector's own."""
    rows = Inspection.objects.select_related("section", "plan__round", "rectification")
    if policy.may_see(by, "insp.plan.view"):
        return rows
    return rows.assigned_to(by) if policy.may_see(by, "insp.plan.view", own=True) else rows.none()


def orders_for(by: User) -> QuerySet[Order]:
    """Return the orders an account may look at: all of them, or those to its own unit."""
    rows = Order.objects.select_related("inspection__section", "inspection__plan__round")
    if policy.may_see(by, "insp.plan.view"):
        return rows
    if by.role == Role.LIAISON and by.unit_code:
        return rows.filter(inspection__section__department_code=by.unit_code)
    return rows.none()


def objections_for(by: User) -> QuerySet[Objection]:
    """Return the objections an account may look at: all of them, or its own unit's."""
    rows = Objection.objects.select_related("section", "round", "filed_by", "correction")
    if policy.may_see(by, "appeal.view"):
        return rows
    return rows.of_unit(by.unit_code) if by.role == Role.LIAISON and by.unit_code else rows.none()
