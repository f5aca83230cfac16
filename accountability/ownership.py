"""Whose a section is (本单位、本人): the `o` of the policy table."""

from accountability.models import Inspection
from evaluations.models import RoundSection
from nanchuan_eval import policy
from nanchuan_eval.models import User
from nanchuan_eval.policy import Role


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
