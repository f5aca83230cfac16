"""How every act is asked for on a page: a form, one service, an answer; what was typed is kept on a refusal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from nanchuan_eval.core.errors import RuleViolation

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class FormPage:
    """What a page asks: its heading, the button's verb, the way back and what is known already."""

    title: str
    button: str
    back: str
    facts: Sequence[tuple[str, object]] = ()
    note: str = ""
    done: str = "已保存。"


def staff_view(view: View) -> View:
    """Make a page of the staff's: log-in, never stored by a browser, read and posted only."""
    guarded = require_http_methods(["GET", "HEAD", "POST"])(login_required(view))
    return cache_control(private=True, no_store=True)(guarded)


def staff_post(view: View) -> View:
    """Make a button of the staff's: log-in, posted only."""
    return cache_control(private=True, no_store=True)(require_POST(login_required(view)))


def show_form(request: HttpRequest, form: Form, act: FormPage, submit: Callable[[Form], object]) -> HttpResponse:
    """Show the form or do the deed and go back; a refusal stands above the form, which keeps what was typed."""
    if form.is_valid():
        try:
            said = submit(form)
        except RuleViolation as refusal:
            form.add_error(None, ValidationError(list(refusal.reasons)))
        else:
            messages.success(request, said if isinstance(said, str) else act.done)
            return redirect(act.back)
    status = 400 if form.is_bound else 200
    return render(request, "shared/act.html", {"act": act, "form": form}, status=status)


def perform(request: HttpRequest, submit: Callable[[], object], *, back: str, done: str) -> HttpResponse:
    """Do what a button says and go back with what came of it."""
    try:
        said = submit()
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
    else:
        messages.success(request, said if isinstance(said, str) else done)
    return redirect(back)
