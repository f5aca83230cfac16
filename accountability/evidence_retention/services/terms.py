"""Whose time is over (保存期限): evidence is kept a year from the day everything it may prove had ended."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import ATTACHMENT_RULES
from accountability.inspections.models import Inspection, Order
from accountability.inspections.rules import InspectionState, OrderState
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import ENDED
from evaluations.rounds.models import Round, RoundSection

DONE = frozenset({OrderState.PASSED, OrderState.FAILED})


def over(at: datetime) -> QuerySet[Evidence]:
    """Return the evidence whose time is over: nothing about its section is open, nor was for a year."""
    today = timezone.localtime(at).date()
    held = Evidence.objects.held().filter(uploaded_at__lte=at - timedelta(days=settings.EVIDENCE_DAYS_KEPT))
    return Evidence.objects.filter(pk__in=[row.pk for row in held if _is_over(row, today)])


def inspections_over(round_: Round, at: datetime) -> QuerySet[Evidence]:
    """Return what inspectors brought in during a round and may be destroyed now (insp.delete)."""
    return over(at).filter(inspection__plan__round=round_).order_by("pk")


def _is_over(row: Evidence, today: date) -> bool:
    ends = list(_ends_of(ATTACHMENT_RULES[type(row.subject)].section(row.subject)))
    is_open = None in ends
    return not is_open and all(day + timedelta(days=settings.EVIDENCE_DAYS_KEPT) <= today for day in ends if day)


def _ends_of(section: RoundSection) -> Iterable[date | None]:
    """Yield when each matter of the section ended; None = it is still open."""
    for rectification in Rectification.objects.filter(case__result__section=section).select_related("case"):
        case = rectification.case
        yield rectification.closed_on or (_day(case.closed_at) if rectification.state in ENDED else None)
    for objection in Objection.objects.filter(section=section):
        yield _day(objection.decided_at) if objection.state == ObjectionState.DECIDED else None
    for visit in Inspection.objects.filter(section=section).exclude(state=InspectionState.PLANNED):
        yield _day(visit.approved_at) if visit.state == InspectionState.APPROVED else None
    for order in Order.objects.filter(inspection__section=section):
        yield _day(order.replied_at or order.issued_at) if order.state in DONE else None


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None
