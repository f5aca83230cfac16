"""Corrections of a published list (更正): cancel the cases of removed sections, open those of added ones."""

import json
from datetime import datetime

from django.db import transaction

from accountability.case_lifecycle.services.cases import open_cases, opened, rows_of
from accountability.cases.models import Case
from accountability.cases.rules.measures import CORRECTED, CaseState, MeasureState
from accountability.cases.services import end_freezes
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import RECTIFICATION_FLOW, RectificationState
from evaluations.publication.models import Publication
from evaluations.publication.services import Correction, correct_publication
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.users.models import User


@transaction.atomic
def correct_and_follow(*, round_id: int, correction: Correction, by: User, at: datetime) -> Publication:
    """Publish the corrected list and update its cases, in one transaction."""
    publication = correct_publication(round_id=round_id, correction=correction, by=by, at=at)
    _follow_list(publication, by=by, at=at)
    return publication


def _follow_list(publication: Publication, *, by: User, at: datetime) -> None:
    """Cancel cases of sections that this version no longer lists and open those of newly listed ones."""
    round_, reason = publication.round, publication.reason
    off = [change["code"] for change in json.loads(publication.content)["changes"] if not change["now"]]
    struck = Case.objects.of_round(round_.pk).filter(result__section__code__in=off).select_related("result")
    for case in struck:
        _cancel(case, reason, at)
        detail = {"step_label": "撤销问责事项", "fixed": fixed_digests(("freezes", case.pk))}
        audit.record("acc.open", case, by=by, at=at, reason=reason[:300], detail=detail, wrote=rows_of([case]))
    added = open_cases(round_, round_.results.filter(is_listed=True, case__isnull=True), at)
    if added:
        audit.record("acc.open", round_, by=by, at=at, reason=reason[:300], detail=opened(added), wrote=rows_of(added))


def _cancel(case: Case, reason: str, at: datetime) -> None:
    text = f"{CORRECTED}{reason}"
    case.measures.pending().update(state=MeasureState.NOT_APPLICABLE, record=text)
    end_freezes(case, text, at)
    for row in Rectification.objects.running().filter(case=case):
        row.state = RECTIFICATION_FLOW.move(RectificationState(row.state), RectificationState.CANCELLED)
        row.decision = text[:500]
        row.save(update_fields=["state", "decision"])
    if case.state == CaseState.OPEN:
        case.state, case.closed_at = CaseState.CLOSED, at
        case.save(update_fields=["state", "closed_at"])
