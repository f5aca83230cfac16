"""How the desk does something: one service call, its refusal as a message, back to the page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation


def act(request: HttpRequest, service: Callable[[], Any], *, done: str, back: str) -> HttpResponseRedirect:
    """Call the service and say what came of it."""
    try:
        said = service()
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
    else:
        messages.success(request, approvals.PROPOSED if isinstance(said, Approval) else done)
    return redirect(back)


def attempt(form: Any, service: Callable[[], Any]) -> Any:
    """Call the service for a valid form; a refusal becomes the form's own errors. Returns None when refused."""
    try:
        said = service()
        return said if said is not None else True
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            form.add_error(None, reason)
        return None
