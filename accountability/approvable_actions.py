"""Approvable actions of accountability, declared by its features."""

from accountability.case_lifecycle import approvals as case_lifecycle
from accountability.cases import services as cases
from accountability.citizens import services as citizens
from accountability.evidence.services import evidence
from accountability.evidence_retention import services as evidence_retention
from accountability.history.approvals import IMPORT_HISTORY
from accountability.inspections.services import plans
from accountability.objections import services as objections
from accountability.promotion_freezes import services as promotion_freezes
from accountability.rectifications import approvals as rectifications
from accountability.talks.services import records as talks
from nanchuan_eval.approvals import services as approvals


def register() -> None:
    """Register the handlers of all features."""
    approvals.register(
        *case_lifecycle.ACTIONS,
        *cases.ACTIONS,
        *citizens.ACTIONS,
        *promotion_freezes.ACTIONS,
        *objections.ACTIONS,
        *rectifications.ACTIONS,
        *talks.ACTIONS,
        *plans.ACTIONS,
        *evidence.ACTIONS,
        *evidence_retention.ACTIONS,
        IMPORT_HISTORY,
    )
