"""Helpers for the staff site's own pages of a round."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.forms.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from evaluations.rounds.models import Round
from nanchuan_eval.web.actions import shown_instead, submit


def round_page(round_id: int) -> str:
    """Return the address of the round's page."""
    return reverse("admin:evaluations_round_change", args=[round_id])


def staff_page(request: HttpRequest, template: str, round_: Round, title: str, **context: Any) -> HttpResponse:
    """Render a page of the staff site that belongs to a round."""
    each = admin.site.each_context(request)
    return render(request, f"admin/evaluations/{template}", {**each, "round": round_, "title": title, **context})


def show_round_form(
    request: HttpRequest, round_: Round, form: BaseForm, service: Callable[..., object], *, title: str, back: str
) -> HttpResponse:
    """Answer a page with one form: submit it, or show it with the input and the refusal."""
    submitted = submit(request, form, service, back=back, done=f"已完成：{title}。")
    if submitted:
        return submitted
    instead = shown_instead(request, service)
    return staff_page(request, "round/act.html", round_, title, form=form, back=back, **instead)
