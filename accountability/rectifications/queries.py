"""Reading rectifications: those an account may see, signs and terms of a plan, passed inspections."""

import json
from typing import Any

from django.db.models import QuerySet

from accountability.cases.rules.deadlines import Terms
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import PlanTerms
from evaluations.rounds.models import Round
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import hint_of
from nanchuan_eval.workdays.rules import Term, term_of


def rectifications_for(by: User) -> QuerySet[Rectification]:
    """Return the rectifications an account may see: all, its unit's, or those an inspector visits."""
    rows = Rectification.objects.select_related("case__result__section", "case__result__round")
    if policy.may_see(by, "rect.view"):
        return rows
    if not policy.may_see(by, "rect.view", own=True):
        return rows.none()
    if by.role == Role.INSPECTOR:
        return rows.filter(inspections__inspectors=by).distinct()
    return rows.of_unit(by.unit_code) if by.unit_code else rows.none()


def signs_of(round_: Round) -> dict[str, dict[str, str]]:
    """Return the 表象 of the round's frozen ballot form by code."""
    form = json.loads(round_.ballot_form) if round_.ballot_form else {"manifestations": []}
    return {sign["code"]: sign for sign in form["manifestations"]}


def passing_checks(item: RectificationItem) -> Any:
    """Return the passed checks made after the item was reported as completed."""
    return item.checks.passing().filter(inspection__arrived_at__gte=item.finished_at)


def plan_terms(rectification: Rectification) -> PlanTerms:
    """Return the dates that limit the plan's deadlines (two queries)."""
    at_once = at_once_term(rectification)
    return PlanTerms(at_once.starts_on, at_once.ends_on, hint_of(at_once))


def at_once_term(rectification: Rectification) -> Term:
    """Return the term of items that are put right at once (立行立改)."""
    terms = Terms.of(rectification.case.result.round.rulebook)
    return term_of(rectification.case.published_on, terms.at_once_workdays, Holiday.objects.calendar())
