"""Contents of the case pages: measures by urgency, freezes, proposals, actions open to an account."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accountability.cases.models import Case, Measure
from accountability.cases.rules.deadlines import Urgency, urgency
from accountability.cases.rules.measures import TALKS, CaseState, MeasureKind, MeasureState
from accountability.cases.services import may_record
from accountability.talks.queries import standing_of, with_talks
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import declared_for
from nanchuan_eval.workdays.rules import in_chinese, with_hint

PAPER_KINDS = frozenset({MeasureKind.NOTICE, MeasureKind.CIRCULAR})


@dataclass(frozen=True)
class Task:
    """A measure with its urgency, for work lists."""

    measure: Measure
    urgency: Urgency


def read_tasks(measures: Iterable[Measure], today: date) -> list[Task]:
    """Return the measures with their urgency, the most urgent first."""
    tasks = [Task(measure, urgency(measure.due_on, today)) for measure in measures]
    order = list(Urgency)
    return sorted(tasks, key=lambda task: (order.index(task.urgency), task.measure.due_on or date.max))


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
    is_open = case.state == CaseState.OPEN
    pending = read_tasks(case.measures.pending(), timezone.localdate())
    urgencies = {task.measure.pk: task.urgency for task in pending}
    freezes, measures = list(case.freezes.all()), list(with_talks(case.measures.select_related("done_by")))
    proposals = [
        each
        for rows in ([case], measures, freezes)
        for each in approvals.waiting_about(user, *rows)  # one query each
    ]
    return {
        "case": case,
        "proposals": proposals,
        "rows": [
            {
                "measure": m,
                "urgency": urgencies.get(m.pk),
                "may_record": is_open and m.pk in urgencies and m.kind not in TALKS and may_record(user, m),
                "is_talk": m.kind in TALKS,
                "talk": standing_of(m),
                "papers": _papers(case, m, user),
            }
            for m in measures
        ],
        "freezes": freezes,
        "may_close": is_open and approvals.may_start(user, "case.close", case),
        "may_change_head": is_open and policy.may(user, "acc.open"),
        "is_complete": not pending,
        "may_lift": _may_lift(user, case),
    }


def _papers(case: Case, measure: Measure, user: User) -> str:
    """Return where the paper of a 公示 or 通报 is made, for whom may take it."""
    if measure.kind not in PAPER_KINDS or not policy.may_see(user, "top10.view"):
        return ""
    address = reverse("accountability:commission-papers", args=[case.result.round.key])
    return f"{address}?{urlencode({'to': measure.target})}" if measure.kind == MeasureKind.CIRCULAR else address


def _may_lift(user: User, case: Case) -> bool:
    freeze = case.freezes.filter(lifted_on__isnull=True).first()
    return freeze is not None and approvals.may_start(user, "freeze.lift", freeze)
