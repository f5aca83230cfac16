"""Corrections of a published list (更正): its cases follow, whether sections leave, come, come back or change place."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accountability.case_lifecycle.services.cases import open_cases, opened, rows_of
from accountability.case_lifecycle.services.following import cancelled_before, follow_places, reopen_cases
from accountability.cases.models import Case, CaseQuerySet
from accountability.cases.rules.measures import CORRECTED, CaseState, MeasureState
from accountability.cases.services import end_freezes
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import RECTIFICATION_FLOW, RectificationState
from evaluations.publication.models import Publication
from evaluations.publication.services import Correction, correct_publication
from evaluations.rounds.models import Round
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
    """Cancel, reopen, adjust and open the cases of this version's sections."""
    round_, reason = publication.round, publication.reason
    changes = json.loads(publication.content)["changes"]
    off = [change["code"] for change in changes if not change["now"]]
    struck = Case.objects.of_round(round_.pk).filter(result__section__code__in=off).select_related("result")
    for case in struck:
        _cancel(case, reason, at)
        detail = {"step_label": "撤销问责事项", "fixed": fixed_digests(("freezes", case.pk))}
        audit.record("acc.open", case, by=by, at=at, reason=reason[:300], detail=detail, wrote=rows_of([case]))
    again = list(cancelled_before(round_, listed_again(changes)))
    reopen_cases(round_, again, at)
    moved = list(moved_cases(round_, changes).exclude(pk__in=[case.pk for case in again]))
    follow_places(round_, moved, reason, at)
    for cases, label in ((again, "恢复问责事项"), (moved, "按更正后的位次调整措施")):
        for case in cases:
            detail = {"step_label": label, "fixed": fixed_digests(("freezes", case.pk))}
            audit.record("acc.open", case, by=by, at=at, reason=reason[:300], detail=detail, wrote=rows_of([case]))
    added = open_cases(round_, round_.results.filter(is_listed=True, case__isnull=True), at)
    if added:
        audit.record("acc.open", round_, by=by, at=at, reason=reason[:300], detail=opened(added), wrote=rows_of(added))


def listed_again(changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the codes of the sections that a corrected list names and the version before does not."""
    return [change["code"] for change in changes if change["now"] and not change["was"]]


def moved_cases(round_: Round, changes: Iterable[Mapping[str, Any]]) -> CaseQuerySet:
    """Return the cases of the sections that stay on a corrected list at another place."""
    both = [change for change in changes if change["was"] and change["now"]]
    codes = [change["code"] for change in both if change["was"]["rank"] != change["now"]["rank"]]
    rows = Case.objects.of_round(round_.pk).filter(result__section__code__in=codes)
    return rows.select_related("result__section", "result__round")


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
