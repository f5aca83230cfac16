"""Claiming a code (领票) on the web: a POST claims it, a GET shows it again on the device that claimed it."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from evaluations.codes.queries import is_usable, self_service_batch
from evaluations.codes.services.devices import Device, device_of, keep_device
from evaluations.codes.services.open_channel import CheckNeeded, issue_open_code
from evaluations.codes.services.visitor_checks import open_check
from evaluations.codes.services.visitors import count_visit, taken_by, visitor_of
from evaluations.protocol.codes import format_code
from evaluations.rounds.models import Round
from evaluations.rounds.queries import open_round
from evaluations.voting.services import NO_ROUND
from evaluations.voting.views.responses import BAD_INPUT, entrance
from evaluations.voting.views.steps import secret
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.http import parse_id

# Marks the second request of a browser that was offered the cookie.
OFFERED = "cookie-offered"


class RepeatedPost(HttpResponseRedirect):
    """A redirect after which the browser sends the same form again."""

    status_code = 307


@secret
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """Claim a code of a self-service batch (网上领票), or show the one this device has claimed."""
    round_ = open_round(clock.now())
    if request.method != "POST":
        return _shown_again(request, round_) if round_ else redirect("ballot")
    if round_ is None:
        return entrance(request, error=NO_ROUND)
    device = device_of(request, round_.key)
    if device is None and OFFERED not in request.GET:
        return _offer_cookie(request, round_)
    if device and _keeps_its_code(request, device):
        return redirect("ballot-claim")
    return _claim(request, round_, device)


def _offer_cookie(request: HttpRequest, round_: Round) -> HttpResponse:
    """Set the cookie before a code exists, so that none is lost in a browser that keeps no cookie."""
    response = RepeatedPost(f"{reverse('ballot-claim')}?{OFFERED}")
    keep_device(request, response, Device.new(round_.key), at=clock.now(), until=round_.closes_at)
    return response


def _keeps_its_code(request: HttpRequest, device: Device) -> bool:
    """True if the device is shown its unused code: unless another is asked for on the page of this very code."""
    wants_another = parse_id(request.POST.get("after", "")) == device.number
    return bool(device.code) and not wants_another and is_usable(device.round_key, device.code)


def _claim(request: HttpRequest, round_: Round, device: Device | None) -> HttpResponse:
    """Issue a code and show it: at once to a browser without cookies, else on the page that can be reloaded."""
    batch, now, visitor = self_service_batch(round_), clock.now(), visitor_of(request, round_.key)
    taken = max(visitor.by_device, device.number if device else 0)
    visitor = replace(visitor, by_device=taken)
    try:
        code = issue_open_code(
            batch_id=batch.pk if batch else 0, at=now, visitor=visitor, code=device.next_code if device else ""
        )
    except CheckNeeded as need:
        return _ask(request, round_, str(need))
    except RuleViolation as refusal:
        return entrance(request, error=str(refusal))
    response = redirect("ballot-claim") if device else _code_page(request, round_, code, taken + 1)
    if device:
        keep_device(request, response, device.after_claim(), at=now, until=round_.closes_at)
    count_visit(request, response, round_.key, taken=taken + 1)
    return response


def _ask(request: HttpRequest, round_: Round, reason: str) -> HttpResponse:
    """Return the check's question; it carries on which code another one was asked for."""
    wrong = bool(request.POST.get("check"))
    after = parse_id(request.POST.get("after", ""))
    context = {"after": after, "question": open_check().ask(), "reason": reason, "wrong": wrong, "stays": True}
    status = BAD_INPUT if wrong else 200
    return render(request, "evaluations/voting/claim_check.html", {**context, "round": round_}, status=status)


def _shown_again(request: HttpRequest, round_: Round) -> HttpResponse:
    device, taken = device_of(request, round_.key), taken_by(request, round_.key)
    if device and device.code:
        code = device.code if is_usable(round_.key, device.code) else ""
        return _code_page(request, round_, code, max(device.number, taken), device)
    # A device that can claim no more is told why it is shown nothing.
    return _code_page(request, round_, "", taken) if taken >= round_.rulebook["open_per_device"] else redirect("ballot")


def _code_page(
    request: HttpRequest, round_: Round, code: str, taken: int, device: Device | None = None
) -> HttpResponse:
    context = {
        "code": format_code(code),
        "round": round_,
        "number": device.number if device else 0,
        "taken": taken,
        "limit": round_.rulebook["open_per_device"],
        "stays": device is None,
    }
    return render(request, "evaluations/voting/claim.html", context)
