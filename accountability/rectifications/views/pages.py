"""Pages of rectifications (整改) for units, the office and the commission."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accountability.cases.permissions import is_own, visible_or_404
from accountability.rectifications.forms import OpinionForm, SignForm
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.rectifications.pages import rectification_table, timeline
from accountability.rectifications.queries import at_once_term, passing_checks, rectifications_for, signs_of
from accountability.rectifications.rules import UNDER_WAY, UNFINISHED, WRITABLE, ItemState, RectificationState
from accountability.rectifications.workbooks import register_workbook
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, staff_post, staff_view
from nanchuan_eval.web.downloads import download


@staff_view
def rectifications(request: HttpRequest) -> HttpResponse:
    """List the rectifications the account may see."""
    rows = list(_visible(account_of(request)).prefetch_related("items"))
    table = rectification_table(rows, timezone.localdate())
    context = {"is_demo": any(row.case.result.round.is_demo for row in rows)}
    return show_tables(
        request, "accountability/rectifications/rectifications.html", context, [table], action="rect.view"
    )


@staff_post
def register(request: HttpRequest) -> HttpResponse:
    """Download the register (整改台账) as a workbook."""
    user = account_of(request)
    rows = _visible(user)
    with audit.exporting("rect.view", None, by=user, at=clock.now(), what="整改台账"):
        return download(register_workbook(rows), "整改台账.xlsx")


@staff_view
def rectification(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one rectification: state, items, timeline and permitted actions."""
    user, today = account_of(request), timezone.localdate()
    row = visible_or_404(rectifications_for(user), by=user, action="rect.view", pk=pk)
    progress = Progress.objects.select_related("by").prefetch_related("evidence")
    items = list(row.items.select_related("accepted_by").prefetch_related(Prefetch("progress", progress)))
    context = {
        "row": row,
        "case": row.case,
        "items": [_item(user, row, item) for item in _with_proposals(user, items)],
        "proposals": approvals.waiting_about(user, row),
        "picture": timeline(row, items, today),
        "may": _may(user, row),
        "at_once": at_once_term(row) if row.state in {*WRITABLE, RectificationState.SUBMITTED} else None,
        "opinion_form": OpinionForm(initial={"opinion": row.opinion}),
        "sign_form": SignForm(choices=_unused_signs(row, items)),
        "is_demo": row.case.result.round.is_demo,
        "failures": max((item.failures for item in items), default=0),
        "late": {"plan": row.is_plan_overdue(today), "report": row.is_report_overdue(today)},
    }
    return render(request, "accountability/rectifications/rectification.html", context)


def _visible(user: User) -> Any:
    rows = rectifications_for(user)
    if not policy.may_see(user, "rect.view", own=True):
        raise policy.Denied(user, "rect.view")
    return rows


def _may(user: User, row: Rectification) -> dict[str, bool]:
    own = is_own(user, row.case.result.section)
    return {
        "plan": own and row.state in WRITABLE,
        "decide": row.state == RectificationState.SUBMITTED and approvals.may_start(user, "rect.plan", row),
        "report": own and row.state == RectificationState.RUNNING,
        "resume": row.state == RectificationState.ESCALATED and policy.may(user, "acc.open"),
    }


def _item(user: User, row: Rectification, item: RectificationItem) -> dict[str, Any]:
    item.rectification = row
    own = is_own(user, row.case.result.section) and row.state in UNDER_WAY
    working = item.state in UNFINISHED
    closing = item.state == ItemState.FINISHED and row.state in UNDER_WAY
    return {
        "item": item,
        "is_overdue": item.is_late(timezone.localdate()),
        "may_report": own and working,
        "may_add": is_own(user, row.case.result.section) and working,
        "may_grant": item.wanted_due_on is not None
        and policy.may(user, "rect.extend")
        and not policy.requires_approval("rect.extend"),
        "may_close": closing and approvals.may_start(user, "rect.close", item),
        "is_passed": closing and passing_checks(item).exists(),
    }


def _with_proposals(user: User, items: list[RectificationItem]) -> list[RectificationItem]:
    waiting = approvals.waiting_about(user, *items)
    for item in items:
        item.proposals = [each for each in waiting if each.approval.object_id == str(item.pk)]  # type: ignore[attr-defined]
    return items


def _unused_signs(row: Rectification, items: list[RectificationItem]) -> list[tuple[str, str]]:
    used = {item.problem for item in items}
    signs = signs_of(row.case.result.round)
    return [(code, sign["text"]) for code, sign in signs.items() if sign["text"] not in used]
