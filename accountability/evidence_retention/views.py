"""到期清除: data due for deletion, and proposals to purge phone numbers or destroy inspection evidence."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from accountability.evidence_retention.services import DESTROY, expired_inspection_evidence
from evaluations.personal_data.services.people import PURGE_ROUND
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.services import ApprovableAction
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention import services as retention
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view
from nanchuan_eval.web.fields import ReasonForm

FINISHED = (RoundState.PUBLISHED, RoundState.CLOSED, RoundState.VOID)


@staff_view
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is due for deletion, and the finished rounds with the actions the account may propose."""
    user, at = account_of(request), clock.now()
    if not any(policy.may_see(user, action.permission) for action in (PURGE_ROUND, DESTROY)):
        raise policy.Denied(user, PURGE_ROUND.permission)
    lines = [
        {
            "round": round_,
            "phones": round_.pool.exclude(phone_hash__startswith="purged-").count(),
            "may_purge": round_.state != RoundState.PUBLISHED,
            "evidence": expired_inspection_evidence(round_, at).count(),
            "waiting": approvals.waiting_about(user, round_),
        }
        for round_ in Round.objects.filter(state__in=FINISHED).order_by("-opens_at")
    ]
    context = {
        "due": retention.due(at),
        "lines": lines,
        "may_purge": policy.may_start(user, PURGE_ROUND.permission),
        "may_destroy": policy.may_start(user, DESTROY.permission),
    }
    return render(request, "accountability/evidence_retention/retention.html", context)


@staff_view
def purge(request: HttpRequest, key: str) -> HttpResponse:
    """Propose to erase the phone numbers of a round's pools before their time."""
    return _ask(request, key, PURGE_ROUND, "清除后不能再联系名单库人员，也不能恢复。须经另一人审批。")


@staff_view
def destroy(request: HttpRequest, key: str) -> HttpResponse:
    """Propose to destroy inspection evidence kept for its full term."""
    return _ask(request, key, DESTROY, "须经另一人审批。")


def _ask(request: HttpRequest, key: str, action: ApprovableAction, note: str) -> HttpResponse:
    user, round_ = account_of(request), get_object_or_404(Round, key=key)
    if not policy.may_start(user, action.permission):
        raise policy.Denied(user, action.permission)
    button = "提请审批" if policy.requires_approval(action.permission) else action.label
    facts = [(name, value) for name, value in action.content(round_, {"reason": ""}).items() if name != "理由"]
    page = FormPage(action.label, button, reverse("accountability:retention"), facts, note, done="已办理。")
    return show_form(request, ReasonForm(request.POST or None), page, approvals.Start(action.name, round_))
