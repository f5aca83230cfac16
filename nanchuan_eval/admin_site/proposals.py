"""How the floor's pages ask for an act of two persons: a form, a proposal, back to the list."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from nanchuan_eval.admin_site.model_admin import account_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.errors import RuleViolation


class ReasonForm(forms.Form):
    """理由."""

    reason = forms.CharField(label="理由", max_length=300)


def propose(
    request: HttpRequest, form: forms.Form, name: str, target: models.Model, *, note: str, back: str
) -> HttpResponse:
    """Show the form until the deed is proposed (or done, by one person alone), then go back and say so."""
    user, label = account_of(request), approvals.action_named(name).label
    approvals.check_may_start(user, name, target)
    if request.method == "POST" and form.is_valid():
        asked = {key: _plain(value) for key, value in form.cleaned_data.items()}
        try:
            said = approvals.start(name, target, by=user, at=timezone.now(), **asked)
        except RuleViolation as refusal:
            for reason in refusal.reasons:
                form.add_error(None, reason)
        else:
            messages.success(request, approvals.PROPOSED if said else f"已完成：{label}。")
            return redirect(back)
    context = {**admin.site.each_context(request), "form": form, "title": f"提请{label}", "note": note, "back": back}
    return render(request, "admin/nanchuan_eval/propose.html", context, status=400 if form.errors else 200)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
