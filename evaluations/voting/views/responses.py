"""Responses of the ballot pages, rendered from what was entered so far; the empty pages are rendered once."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape

from evaluations.ballot_form.queries import ballot_form_by_digest, known_topics
from evaluations.ballot_form.rules.form import QUESTIONS, BallotForm, ServiceTopics, signs_by_indicator
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.protocol.codes import format_code
from evaluations.rounds.queries import open_round
from evaluations.rounds.sql import OpenRound, read_open_round
from evaluations.voting.forms import read_fields, read_json, write_json
from evaluations.voting.pages import (
    TABLE_FROM,
    departments_of,
    error_summary,
    rating_cards,
    review_lines,
    sections_to_choose,
)
from evaluations.voting.services import NOT_NOW, Admission, Cast
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.views import TYPE_SIZES

BAD_INPUT = 400
RECEIPT_HERE, CODE_HERE = "receipt-goes-here", "code-goes-here"
# Page -> address that renders the same page again.
SENT_AGAIN_TO = {
    "sections": "ballot-sections",
    "rate": "ballot-rate",
    "rate_table": "ballot-rate",
    "review": "ballot-review",
    "receipt": "ballot-receipt",
}


def entrance(request: HttpRequest, error: str = "") -> HttpResponse:
    """Return the first page, which asks for the code; it keeps a vote entered before."""
    if request.method != "POST":
        return HttpResponse(_entrance_page(read_open_round(clock.now()), _type_size(request)))
    round_ = open_round(clock.now())
    context = {"round": round_, "error": error, "code": request.POST.get("code", ""), "kept": _kept(request)}
    return render(request, "evaluations/voting/code.html", context, status=BAD_INPUT if error else 200)


def sections_page(request: HttpRequest, admission: Admission, chosen: Sequence[str], error: str = "") -> HttpResponse:
    """Return the choice of sections."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    service_topics = known_topics()
    rows = (
        _section_rows(admission.ballot_form, service_topics)
        if not chosen
        else _render_rows(ballot_form, service_topics, chosen)
    )
    context = {
        "rows": rows,
        "departments": [(name, sections[0].department_code) for name, sections in departments_of(ballot_form)],
        "limit": ballot_form.max_sections[admission.channel],
        "error": error,
        "kept": _kept(request),
    }
    return step_page(request, "sections", admission, context, status=BAD_INPUT if error else 200)


def rate_page(
    request: HttpRequest, admission: Admission, lines: Sequence[RawLine], errors: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return the rating of the chosen sections, as cards or as a table."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    known = [line for line in lines if line.section in ballot_form.section_codes]
    is_table = len(known) >= TABLE_FROM or bool(request.POST.get("compact"))
    context = {
        "questions": [(i.label, text) for i, text in QUESTIONS.items()],
        "templates": signs_by_indicator(ballot_form) if is_table else (),
        "cards": rating_cards(ballot_form, known, errors or {}),
        "errors": errors or {},
        "summary": error_summary(ballot_form, errors or {}),
        "comment": request.POST.get("comment", ""),
        "comment_length": ballot_form.comment_length,
    }
    name = "rate_table" if is_table else "rate"
    return step_page(request, name, admission, context, status=BAD_INPUT if errors else 200)


def refused_page(request: HttpRequest, admission: Admission, comment: str, reason: str) -> HttpResponse:
    """Return the page of a valid vote that cannot be cast, with the reason."""
    ballot_form, lines = ballot_form_by_digest(admission.ballot_form), entered_lines(request)
    context = {
        "error": reason,
        "is_late": reason.startswith(NOT_NOW),
        "lines": review_lines(ballot_form, validate_vote(ballot_form, admission.channel, lines)),
        "vote": write_json(lines),
        "comment": comment,
    }
    return step_page(request, "refused", admission, context, status=BAD_INPUT)


def done_page(request: HttpRequest, admission: Admission, cast: Cast, code: str) -> HttpResponse:
    """Return the last page: the receipt of the ballot that was cast now or before."""
    page = _done_page(admission.ballot_form, admission.box, _type_size(request), cast.is_new)
    return HttpResponse(page.replace(RECEIPT_HERE, format_code(cast.receipt)).replace(CODE_HERE, escape(code)))


def step_page(
    request: HttpRequest, name: str, admission: Admission, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Render a step with what every step carries on: code, admission and ballot form."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    carried = {
        "code": request.POST.get("code", ""),
        "admission": admission.token(),
        "ballot_form": ballot_form,
        "box_key": admission.box,
        "stays": True,
    }
    if name in SENT_AGAIN_TO:
        carried["resize"] = reverse(SENT_AGAIN_TO[name])
    return render(request, f"evaluations/voting/{name}.html", {**carried, **context}, status=status)


def entered_lines(request: HttpRequest) -> list[RawLine]:
    """Return the lines entered so far, from the hidden field `vote` or from the rating form."""
    text = request.POST.get("vote", "")
    return read_json(text) if text else read_fields(request.POST)


def _type_size(request: HttpRequest) -> str:
    size = request.COOKIES.get("typesize", "")
    return size if size in TYPE_SIZES else ""


def _kept(request: HttpRequest) -> dict[str, str]:
    """Return the vote and comment entered so far, as hidden fields for a page that does not show them."""
    kept = {key: request.POST[key] for key in ("vote", "comment") if request.POST.get(key)}
    rated = [line for line in read_fields(request.POST) if any(line.answers.values()) or line.manifestations]
    return {"vote": write_json(rated), **kept} if rated else kept


@lru_cache(maxsize=16)
def _entrance_page(round_: OpenRound | None, size: str) -> str:
    """Render the empty first page once."""
    asked = {"path": reverse("ballot"), "COOKIES": {"typesize": size}}
    return render_to_string("evaluations/voting/code.html", {"round": round_, "request": asked})


@lru_cache(maxsize=16)
def _done_page(digest: str, box_key: str, size: str, is_new: bool) -> str:
    """Render the last page once; only receipt and code differ."""
    asked = {"path": reverse("ballot"), "COOKIES": {"typesize": size}}
    shown = {
        "ballot_form": ballot_form_by_digest(digest),
        "box_key": box_key,
        "receipt": RECEIPT_HERE,
        "is_new": is_new,
        "code": CODE_HERE,
        "request": asked,
        "stays": True,
    }
    return render_to_string("evaluations/voting/done.html", shown)


@lru_cache(maxsize=8)
def _section_rows(digest: str, service_topics: ServiceTopics) -> str:
    """Render the list of sections once with nothing chosen."""
    return _render_rows(ballot_form_by_digest(digest), service_topics, ())


def _render_rows(ballot_form: BallotForm, service_topics: ServiceTopics, chosen: Sequence[str]) -> str:
    shown = {"departments": sections_to_choose(ballot_form, service_topics), "chosen": chosen}
    return render_to_string("evaluations/voting/_section_rows.html", shown)
