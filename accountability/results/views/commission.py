"""The commission's result page: top ten, all sections, workbook, publication, archiving."""

from functools import partial

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accountability.case_lifecycle.approvals import PUBLISH
from accountability.results.pages.section_filter import SectionFilter
from accountability.results.queries.results import commission_step, read_result
from accountability.results.services import export_top10
from evaluations.lifecycle.pages import decision_address
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result, rounds_to_choose
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt, perform, staff_post
from nanchuan_eval.web.downloads import download


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def commission(request: HttpRequest, key: str | None = None) -> HttpResponse:
    """Show a round's top ten and all sections, or its state if nothing is counted yet."""
    policy.check_sees(account_of(request), "top10.view")
    user = account_of(request)
    may_publish = _may_publish(user)
    rounds = list(rounds_to_choose())
    round_ = _chosen(rounds, key)
    result = read_result(round_) if round_ and has_result(round_) else None
    choice = SectionFilter.of_query(request.GET)
    return render(
        request,
        "accountability/results/commission.html",
        {
            "rounds": rounds,
            "round": round_,
            "result": result,
            "shown": choice.of(result.ranked) if result else [],
            "choice": choice,
            "decision": decision_address(round_, user) if round_ and result else "",
            "act": commission_step(round_, at=clock.now()) if round_ and may_publish else None,
            "is_proposal": policy.requires_approval("publish.approve"),
            "may_decide": policy.may_see(user, "publish.approve"),
            "may_export": policy.may(user, "top10.export"),
            "may_see_cases": policy.may_see(user, "acc.view"),
        },
    )


@staff_post
def export(request: HttpRequest, key: str) -> HttpResponseBase:
    """Download the workbook; a POST, since every export is logged."""
    round_ = get_object_or_404(Round, key=key)
    export = partial(export_top10, round_id=round_.pk, by=account_of(request), at=clock.now())
    content = attempt(request, export)
    return download(content, f"{round_.name}最难办科室前十.xlsx") if content else redirect("home-of-role")


@staff_post
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Publish the top ten and open the cases (公示)."""
    return _start(request, key, PUBLISH, "已公示，上榜科室的问责事项已经建立。")


def _may_publish(user: User) -> bool:
    return (policy.may_propose if policy.requires_approval("publish.approve") else policy.may)(user, "publish.approve")


@staff_post
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Archive the round (归档)."""
    return _start(request, key, "round.archive", "本轮已归档。")


def _start(request: HttpRequest, key: str, action: str, done: str) -> HttpResponse:
    service = partial(approvals.start, action, get_object_or_404(Round, key=key))
    return perform(request, service, back=reverse("accountability:commission-round", args=[key]), done=done)


def _chosen(rounds: list[Round], key: str | None) -> Round | None:
    """Return the round requested, or the newest with a result, or else the newest."""
    if key is not None:
        return get_object_or_404(Round, key=key)
    counted = (round_ for round_ in rounds if has_result(round_))
    return next(counted, rounds[0] if rounds else None)
