"""What the desk's own pages of pools and draws have in common."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header

from evaluations.rounds.models import Round
from nanchuan_eval.admin_site.actions import attempt
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval

PDF, ZIP = "application/pdf", "application/zip"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


def round_page(round_id: int) -> str:
    """Return the address of the round's page."""
    return reverse("admin:evaluations_round_change", args=[round_id])


def staff_page(request: HttpRequest, template: str, round_: Round, title: str, **context: Any) -> HttpResponse:
    """Render a page of the desk that belongs to a round."""
    each = admin.site.each_context(request)
    return render(request, f"admin/evaluations/{template}", {**each, "round": round_, "title": title, **context})


def handed_out(content: bytes, name: str, kind: str) -> HttpResponse:
    """Answer with a file to keep, which no browser or proxy stores."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "no-store"
    return response


def show_form(
    request: HttpRequest, round_: Round, form: Any, service: Callable[[], Any], *, title: str, back: str
) -> HttpResponse:
    """Show a form until the service accepts it, then go back and say so."""
    if request.method == "POST" and form.is_valid():
        if (said := attempt(form, service)) is not None:
            messages.success(request, approvals.PROPOSED if isinstance(said, Approval) else f"已完成：{title}。")
            return redirect(back)
    return staff_page(request, "round/act.html", round_, title, form=form, back=back)
