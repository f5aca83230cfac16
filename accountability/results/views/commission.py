"""The commission's result page: top ten, all sections, workbook, publication, archiving."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from accountability.case_lifecycle.approvals import PUBLISH
from accountability.case_lifecycle.queries import consequences
from accountability.results.pages.tables import ranked_table, unranked_table
from accountability.results.queries.results import NextStep, commission_step, read_result
from accountability.results.services import export_top10
from evaluations.lifecycle.pages import STEP_PROPOSAL, decision_address
from evaluations.publication.documents import as_published
from evaluations.rounds.models import Round
from evaluations.rounds.permissions import conditions
from evaluations.rounds.queries import has_result, rounds_to_choose
from evaluations.rounds.rules.lifecycle import Step
from evaluations.tally.models import SectionResult, Tally
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt, perform, staff_post, staff_view
from nanchuan_eval.web.downloads import download
from nanchuan_eval.workdays.models import read_once


@staff_view
@read_once()
def commission(request: HttpRequest, key: str | None = None) -> HttpResponse:
    """Show a round's top ten and all sections, or its state if nothing is counted yet."""
    policy.check_sees(account_of(request), "top10.view")
    user = account_of(request)
    may_publish = _may_publish(user)
    rounds = list(rounds_to_choose())
    round_ = _chosen(rounds, key)
    result = read_result(round_) if round_ and has_result(round_) else None
    act = commission_step(round_, at=clock.now()) if round_ and may_publish else None
    may_export = policy.may(user, "top10.export")
    return show_tables(
        request,
        "accountability/results/commission.html",
        {
            "rounds": rounds,
            "round": round_,
            "result": result,
            "published": as_published(result.publications)[-1] if result and result.is_published else None,
            "decision": decision_address(round_, user) if round_ and result else "",
            "act": act,
            "proposals": _proposals(round_, result.tally, user) if round_ and result else [],
            "lacks": conditions(round_, act.missing, user) if round_ and act else [],
            "proposed": _consequences(round_, act),
            "starting": approvals.Start(STEP_PROPOSAL[Step(act.step)], round_)
            if round_ and act and not act.missing
            else None,
            "is_proposal": policy.requires_approval("publish.approve"),
            "may_decide": policy.may_start(user, "publish.approve"),
            "may_export": may_export,
            "may_see_cases": policy.may_see(user, "acc.view"),
        },
        [ranked_table(result), unranked_table(result)] if result else [],
        action="top10.export" if may_export else "",
    )


def _consequences(round_: Round | None, act: NextStep | None) -> dict[str, object]:
    """Return what publishing today would set off, once nothing is missing."""
    is_due = round_ is not None and act is not None and act.step == Step.PUBLISH and not act.missing
    return consequences(round_, timezone.localdate(clock.now())) if round_ and is_due else {}


def _proposals(round_: Round, tally: Tally, user: User) -> list[approvals.Waiting]:
    """Return what waits about publishing the round."""
    about = approvals.waiting_about(user, round_, tally)
    return [each for each in about if each.approval.action in ("publish.approve", "publish.correct")]


@staff_post
def export(request: HttpRequest, key: str) -> HttpResponseBase:
    """Download the workbook; a POST, since every export is logged."""
    round_ = get_object_or_404(Round, key=key)
    export = partial(export_top10, round_id=round_.pk, by=account_of(request), at=clock.now())
    content = attempt(request, export)
    return download(content, f"{round_.name}最难办科室前十.xlsx") if content else redirect("home")


@staff_post
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Publish the top ten and open the cases (公示)."""
    on = timezone.localdate(clock.now())
    has_list = SectionResult.objects.filter(round__key=key, is_listed=True).exists()
    done = "已公示，上榜科室的问责事项已经建立。" if has_list else "已公示。没有科室上榜，没有问责事项。"
    return _start(request, key, PUBLISH, done, on=on)


def _may_publish(user: User) -> bool:
    return (policy.may_propose if policy.requires_approval("publish.approve") else policy.may)(user, "publish.approve")


@staff_post
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Archive the round (归档)."""
    return _start(request, key, "round.archive", "本轮已归档。")


def _start(request: HttpRequest, key: str, action: str, done: str, **asked: Any) -> HttpResponse:
    service = approvals.Start(action, get_object_or_404(Round, key=key), **asked)
    return perform(request, service, back=reverse("accountability:commission-round", args=[key]), done=done)


def _chosen(rounds: list[Round], key: str | None) -> Round | None:
    """Return the round requested, or the newest with a result, or else the newest."""
    if key is not None:
        return get_object_or_404(Round, key=key)
    counted = (round_ for round_ in rounds if has_result(round_))
    return next(counted, rounds[0] if rounds else None)
