"""Contents of the case pages: measures, freezes, proposals, what closing still lacks, actions open to an account."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accountability.case_lifecycle.queries import lacks_of
from accountability.cases.models import Case, Measure
from accountability.cases.queries import waivers
from accountability.cases.rules.measures import TALKS, CaseState, MeasureKind, MeasureState
from accountability.cases.services import may_record, may_waive
from accountability.talks.queries import with_talks
from evaluations.publication.queries import version_that_struck
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import declared_for
from nanchuan_eval.workdays.rules import in_chinese, with_hint

PAPER_KINDS = frozenset({MeasureKind.NOTICE, MeasureKind.CIRCULAR})


def next_due(request: HttpRequest) -> Callable[[Case], str]:
    """Return the column with the next due date of a case and its hint; its measures must be prefetched."""

    @admin.display(description="最近期限")
    def column(case: Case) -> str:
        pending = [m for m in case.measures.all() if m.state == MeasureState.PENDING and m.due_on]
        first = min(pending, key=lambda measure: measure.due_on or date.max, default=None)
        if first is None or first.due_on is None:
            return "—"
        return with_hint(in_chinese(first.due_on), first.term, declared_for(request))

    return column


def case_context(case: Case, user: User) -> dict[str, Any]:
    """Return what the page of a case shows, and what the account may do there."""
    is_open = case.state == CaseState.OPEN
    freezes, measures = list(case.freezes.all()), list(with_talks(case.measures.select_related("done_by")))
    may_close = is_open and approvals.may_start(user, "case.close", case)
    return {
        "case": case,
        "struck_by": version_that_struck(case.result.round, case.result.section.code) if case.is_cancelled else None,
        "proposals": approvals.waiting_about(user, *objects_of(case, measures)),
        "carried_out": [m for m in measures if m.state == MeasureState.DONE] if case.is_cancelled else [],
        "rows": [_row(measure, user, is_open=is_open) for measure in measures],
        "waivers": waivers(measures),
        "freezes": freezes,
        "today": timezone.localdate(),
        "may_close": may_close,
        "lacks": lacks_of(case) if may_close else [],
        "closing": approvals.Start("case.close", case),
        "may_change_head": is_open and policy.may(user, "acc.open"),
        "may_lift": _may_lift(user, case),
    }


def objects_of(case: Case, measures: Iterable[Measure]) -> list[Model]:
    """Return all that a proposal about a case can be about; the measures are read `with_talks` (one or two queries)."""
    measures, row = list(measures), getattr(case, "rectification", None)
    talks = [measure.talk for measure in measures if hasattr(measure, "talk")]
    return [case, *measures, *talks, *case.freezes.all(), *([row, *row.items.all()] if row else [])]


def _row(measure: Measure, user: User, *, is_open: bool) -> dict[str, object]:
    may_act = is_open and measure.state == MeasureState.PENDING
    return {
        "measure": measure,
        "may_record": may_act and measure.kind not in TALKS and may_record(user, measure),
        "may_waive": may_act and may_waive(user, measure),
        "is_talk": measure.kind in TALKS,
        "papers": _papers(measure, user),
    }


def _papers(measure: Measure, user: User) -> str:
    """Return where the paper of a 公示 or 通报 is made, for whom may take it."""
    if measure.kind not in PAPER_KINDS or not policy.may_see(user, "top10.view"):
        return ""
    address = reverse("accountability:commission-papers", args=[measure.case.result.round.key])
    return f"{address}?{urlencode({'to': measure.target})}" if measure.kind == MeasureKind.CIRCULAR else address


def _may_lift(user: User, case: Case) -> bool:
    freeze = case.freezes.filter(lifted_on__isnull=True, ends_on__lt=timezone.localdate()).first()
    return freeze is not None and approvals.may_start(user, "freeze.lift", freeze)
