"""Deciding on proposals (审批): one page for every role that proposes or approves, outside the admin."""

from collections.abc import Callable
from functools import partial

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals import window
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.together import Outcome, approve_shown, small_ones
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.decisions import pages
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, staff_post, staff_view
from nanchuan_eval.web.fields import TextField

TICK = "shown"


class NoteForm(forms.Form):
    """Reason for sending something back (退回理由)."""

    note = TextField(label="退回理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


@staff_view
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits for this account's approval, and its own proposals."""
    return render(request, "nanchuan_eval/decisions/inbox.html", {"page": pages.inbox(account_of(request))})


@staff_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the exact content of a proposal, with buttons for accounts that may decide."""
    return _page(request, _found(request, pk), NoteForm())


@staff_post
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve and carry out the proposed action (同意), and go on to the next proposal."""
    approval, user, at = _found(request, pk), account_of(request), clock.now()
    approvals.check_decides(approval, user)

    def decide() -> None:
        window.confirm(request.session, [approval], code=_code(request), by=user, at=at)
        approvals.approve(approval_id=pk, by=user, at=at)

    return _decide(request, approval, "已同意并办理", decide)


@staff_post
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the proposal back with a reason (退回), and go on to the next one."""
    approval, user = _found(request, pk), account_of(request)
    approvals.check_decides(approval, user)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, approval, form)
    note = form.cleaned_data["note"]
    service = partial(approvals.send_back, approval_id=pk, note=note, by=user, at=clock.now())
    return _decide(request, approval, "已退回", service)


@staff_post
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw one's own proposal (撤回)."""
    approval = _found(request, pk)
    service = partial(approvals.withdraw, approval_id=pk, by=account_of(request), at=clock.now())
    if attempt(request, service) is not None:
        messages.success(request, f"已撤回：{approval.title}。")
    return redirect("approval", pk)


@staff_view
def together(request: HttpRequest, action: str) -> HttpResponse:
    """Show every small proposal under one permission whole (GET); approve those that are ticked (POST)."""
    user, at = account_of(request), clock.now()
    if action not in policy.two_person_actions():
        raise Http404
    if not policy.may(user, action):
        raise policy.Denied(user, action, request.path)
    waiting = small_ones(user, action)
    if request.method == "POST":
        return _approve_ticked(request, waiting, action)
    if not waiting:
        return redirect("approvals")
    context = {
        "waiting": waiting,
        "label": pages.label_of(waiting),
        "action": action,
        "asks_code": window.asks_code(request.session, waiting, by=user, at=at),
        "open_until": window.open_until(request.session, by=user, at=at),
    }
    return render(request, "nanchuan_eval/decisions/together.html", context)


def _approve_ticked(request: HttpRequest, waiting: list[Approval], action: str) -> HttpResponse:
    user, at = account_of(request), clock.now()
    shown = dict(_ticks(request))
    ticked = [approval for approval in waiting if approval.pk in shown]
    if not shown:
        messages.error(request, "没有选中任何事项。请选中要同意的事项；不同意的，打开该事项退回。")
        return redirect("approvals-together", action)

    def decide() -> list[Outcome]:
        window.confirm(request.session, ticked, code=_code(request), by=user, at=at)
        return approve_shown(shown, waiting, by=user, at=at)

    outcomes = attempt(request, decide)
    if outcomes is None:
        return redirect("approvals-together", action)
    for outcome in outcomes:
        if outcome.refusal:
            messages.error(request, f"{outcome.title}：{outcome.refusal}")
    if done := [outcome.title for outcome in outcomes if not outcome.refusal]:
        messages.success(request, f"已同意并办理{len(done)}件：{'；'.join(done)}。")
    return redirect(_onward(request, None))


def _ticks(request: HttpRequest) -> list[tuple[int, str]]:
    """Return the ticked proposals, each with the digest of the content that the page showed."""
    pairs = [value.partition(":") for value in request.POST.getlist(TICK)]
    return [(key, digest[:64]) for number, _, digest in pairs if (key := parse_id(number))]


def _decide(request: HttpRequest, approval: Approval, done: str, service: Callable[[], object]) -> HttpResponse:
    if attempt(request, service) is None:
        return redirect("approval", approval.pk)
    messages.success(request, f"{done}：{approval.title}。")
    return redirect(_onward(request, approval))


def _onward(request: HttpRequest, decided: Approval | None) -> str:
    """Return where a decision leads: to the next proposal, after the last one home."""
    user = account_of(request)
    waiting = approvals.waiting_for(user).order_by("proposed_at", "pk")
    following = pages.next_after(user, decided) if decided else waiting.first()
    return _address(following)


def _address(approval: Approval | None) -> str:
    return reverse("approval", args=[approval.pk]) if approval else reverse("home")


def _code(request: HttpRequest) -> str:
    return request.POST.get("code", "")[:40]


def _page(request: HttpRequest, approval: Approval, form: NoteForm) -> HttpResponse:
    page = pages.decision_page(approval, request.session, account_of(request), clock.now())
    context = {"page": page, "approval": approval, "form": form}
    return render(request, "nanchuan_eval/decisions/decide.html", context, status=400 if form.errors else 200)


def _found(request: HttpRequest, pk: int) -> Approval:
    """Return the proposal, or answer as if there were none to accounts that may not read it."""
    approval = get_object_or_404(Approval.objects.select_related("proposed_by", "decided_by"), pk=pk)
    if not approvals.sees(account_of(request), approval):
        raise policy.Hidden(account_of(request), approval.action, request.path)
    return approval
