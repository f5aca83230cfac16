"""Run one service for a button or a form, then show its result or its refusal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import PROPOSED
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.attempts import recorded_attempts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User

View = Callable[..., HttpResponseBase]
Rule = Callable[[], object]


@dataclass(frozen=True)
class FormPage:
    """Heading, button, way back and known facts of a page with one form."""

    title: str
    button: str
    back: str
    facts: Sequence[tuple[str, object]] = ()
    note: str = ""
    done: str = "已保存。"
    # The service's own check of whatever is refused before anything is typed; it raises the refusal.
    refuses: Rule | None = None
    # The proposal that is pending already, or why the form cannot succeed now: shown instead of the form.
    waits: Sequence[approvals.Waiting] = ()
    refused: Sequence[str] = ()
    # What follows and cannot be taken back, read beside the button.
    follows: str = ""


def account_of(request: HttpRequest) -> User:
    """Return the account behind a request of the staff."""
    if not isinstance(request.user, User):
        raise TypeError("only accounts may come here")
    return request.user


def staff_view(view: View) -> View:
    """Make a page for accounts: log-in, never stored by a browser, read and posted only."""
    guarded = require_http_methods(["GET", "HEAD", "POST"])(login_required(view))
    return cache_control(private=True, no_store=True)(guarded)


def staff_post(view: View) -> View:
    """Make a button for accounts: log-in, posted only."""
    return cache_control(private=True, no_store=True)(require_POST(login_required(view)))


def attempt(shown: HttpRequest | BaseForm, service: Callable[[], Any], *, field: str | None = None) -> Any:
    """Return the service's result (True where it has none), or None if it refused.

    The reasons are added to the form, or become messages of the request.
    """
    try:
        result = service()
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            if isinstance(shown, BaseForm):
                shown.add_error(field, reason)
            else:
                messages.error(shown, reason)
        return None
    return True if result is None else result


def perform(request: HttpRequest, service: Callable[..., object], *, back: str, done: str) -> HttpResponseRedirect:
    """Call the service for a button and go back with a message."""
    result = attempt(request, lambda: service(by=account_of(request), at=clock.now()))
    if result is not None:
        show_done(request, result, done)
    return redirect(back)


def submit(
    request: HttpRequest, form: BaseForm, service: Callable[..., object], *, back: str, done: str
) -> HttpResponseRedirect | None:
    """Call the service with a valid form's fields and go back; None if the form is to be shown (again)."""
    if not form.is_valid():
        return None
    given = {**form.cleaned_data, "by": account_of(request), "at": clock.now()}
    result = attempt(form, lambda: service(**given))
    if result is None:
        return None
    show_done(request, result, done)
    return redirect(back)


def show_form(request: HttpRequest, form: BaseForm, page: FormPage, service: Callable[..., object]) -> HttpResponse:
    """Answer a page with one form: submit it, or show it with what was typed and the refusal."""
    if submitted := submit(request, form, service, back=page.back, done=page.done):
        return submitted
    instead = shown_instead(request, service, page.refuses)
    shown = {name: value for name, value in instead.items() if value}
    return render_form(request, form, replace(page, **shown))


def shown_instead(request: HttpRequest, service: Callable[..., object], refuses: Rule | None = None) -> dict[str, Any]:
    """Return what is shown instead of a service's form, the pending proposal or why it would be refused; what follows.

    A form that was posted is shown again with what was typed, whatever the refusal.
    """
    rules = [refuses] if refuses else []
    if isinstance(service, approvals.Start):
        rules.append(service.refuse_closed)
    refused = [] if request.method == "POST" else [reason for rule in rules for reason in refusals(rule)]
    waits = approvals.waiting_instead(account_of(request), service)
    return {"waits": waits, "refused": refused, "follows": approvals.what_follows(service)}


def refusals(rule: Rule) -> Sequence[str]:
    """Return why a rule refuses, or nothing; to ask is no attempt, so the audit log keeps no row of it."""
    with recorded_attempts():
        try:
            rule()
        except RuleViolation as refusal:
            return refusal.reasons
    return ()


def render_form(request: HttpRequest, form: BaseForm, page: FormPage) -> HttpResponse:
    """Render the page of one form."""
    return render(request, "shared/form_page.html", {"page": page, "form": form}, status=400 if form.errors else 200)


def show_done(request: HttpRequest, result: object, done: str) -> None:
    """Add the message of success: the service's own text, that approval is awaited, or `done`."""
    is_proposed = isinstance(result, Approval) and result.state == Approval.State.PENDING
    messages.success(request, PROPOSED if is_proposed else result if isinstance(result, str) else done)
