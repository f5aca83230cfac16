"""Form page that proposes an approvable action of the core app."""

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, shown_instead, submit


def propose(
    request: HttpRequest, form: forms.Form, name: str, target: models.Model, *, note: str, back: str
) -> HttpResponse:
    """Show the form; once valid, propose the action (or perform it where no approval is needed) and go back."""
    user, label = account_of(request), approvals.action_named(name).label
    approvals.check_may_start(user, name, target)
    service = approvals.Start(name, target)
    if submitted := submit(request, form, service, back=back, done=f"已完成：{label}。"):
        return submitted
    verb = "提请" if policy.requires_approval(approvals.action_named(name).permission) else ""
    context = {**admin.site.each_context(request), "form": form, "title": f"{verb}{label}", "note": note, "back": back}
    context |= shown_instead(request, service)
    return render(request, "admin/nanchuan_eval/propose.html", context, status=400 if form.errors else 200)
