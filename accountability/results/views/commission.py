"""The commission's desk: the ten, all sections, the workbook, the decision to publish."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accountability.case_lifecycle.approvals import PUBLISH
from accountability.results.pages.section_filter import SectionFilter
from accountability.results.queries.results import next_act, read_result
from accountability.results.services import export_top10
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result, rounds_to_choose
from nanchuan_eval.admin_site.model_admin import account_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def commission(request: HttpRequest, key: str | None = None) -> HttpResponse:
    """Show a round's ten and all its sections, or where the round stands while nothing is counted."""
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
            "act": next_act(round_, at=timezone.now()) if round_ and may_publish else None,
            "is_proposal": policy.requires_approval("publish.approve"),
            "may_decide": policy.may_see(user, "publish.approve"),
            "may_export": policy.may(user, "top10.export"),
            "may_see_cases": policy.may_see(user, "acc.view"),
        },
    )


@require_POST
@login_required
@cache_control(private=True, no_store=True)
def export(request: HttpRequest, key: str) -> HttpResponseBase:
    """Hand out the workbook; a POST, for every export leaves a trace."""
    round_ = get_object_or_404(Round, key=key)
    try:
        workbook = export_top10(round_id=round_.pk, by=account_of(request), at=timezone.now())
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
        return redirect("home-of-role")
    return HttpResponse(
        workbook,
        content_type=XLSX,
        headers={"Content-Disposition": content_disposition_header(True, f"{round_.name}最难办科室前十.xlsx")},
    )


@require_POST
@login_required
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """公示前十名，同时立项问责."""
    return _decide(request, key, _publish, "已公示，上榜科室的问责事项已经建立。")


def _publish(*, round_id: int, by: User, at: datetime) -> object:
    return approvals.start(PUBLISH, Round.objects.get(pk=round_id), by=by, at=at)


def _may_publish(user: User) -> bool:
    return (policy.may_propose if policy.requires_approval("publish.approve") else policy.may)(user, "publish.approve")


@require_POST
@login_required
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """归档."""
    return _decide(request, key, _archive, "本轮已归档。")


def _archive(*, round_id: int, by: User, at: datetime) -> object:
    return approvals.start("round.archive", Round.objects.get(pk=round_id), by=by, at=at)


def _decide(request: HttpRequest, key: str, service: Callable[..., object], done: str) -> HttpResponse:
    round_ = get_object_or_404(Round, key=key)
    try:
        said = service(round_id=round_.pk, by=account_of(request), at=timezone.now())
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
    else:
        messages.success(request, approvals.PROPOSED if isinstance(said, Approval) else done)
    return redirect("accountability:commission-round", key)


def _chosen(rounds: list[Round], key: str | None) -> Round | None:
    """Return the round of the address, or the newest one with a result, or else the newest."""
    if key is not None:
        return get_object_or_404(Round, key=key)
    counted = (round_ for round_ in rounds if has_result(round_))
    return next(counted, rounds[0] if rounds else None)
