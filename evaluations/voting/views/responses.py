"""Responses of the ballot pages, rendered from what was entered so far; the empty pages are rendered once."""

import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.form import severe_words, signs_by_indicator
from evaluations.ballot_form.rules.votes import Vote, VoteErrors, clean_digits
from evaluations.codes.services.visitors import taken_by
from evaluations.protocol.codes import format_code
from evaluations.rounds.queries import open_round, vote_dates
from evaluations.rounds.sql import OpenRound, read_open_round
from evaluations.scoring.questionnaire import quoted
from evaluations.voting.forms import Entered, read_ballot
from evaluations.voting.pages import (
    departments_of,
    error_summary,
    errors_on,
    is_table,
    rating_cards,
    rating_pages,
    review_lines,
)
from evaluations.voting.services import NOT_NOW, Admission, Cast, checked_mark
from evaluations.voting.views.section_rows import section_rows
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.profile.rules.profile import Profile
from nanchuan_eval.web.views import TYPE_SIZES

BAD_INPUT = 400
LONGEST_QUERY = 40
# The first page says of no more claimed codes than this; no limit of a device is higher.
MOST_SHOWN = 100
# Code, rating, review: a ballot bound to a section has no choice of sections.
BOUND_STEPS = 3
RECEIPT_HERE, CODE_HERE = "receipt-goes-here", "code-goes-here"
# Page -> address that renders the same page again.
SENT_AGAIN_TO = {
    "sections": "ballot-sections",
    "rate": "ballot-rate",
    "rate_table": "ballot-rate",
    "review": "ballot-review",
}


def entrance(request: HttpRequest, error: str = "") -> HttpResponse:
    """Return the first page, which asks for the code; it keeps a vote entered before."""
    at = clock.now()
    if request.method != "POST" and (found := read_open_round(at)):
        taken = min(taken_by(request, found.key), MOST_SHOWN) if found.takes_visitors else 0
        return HttpResponse(_entrance_page(found, _type_size(request), taken, current_profile()))
    round_ = open_round(at)
    context = {
        "round": round_,
        "dates": None if round_ else vote_dates(at),
        "error": error,
        "code": request.POST.get("code", ""),
        **_kept(request),
    }
    return render(request, "evaluations/voting/code.html", context, status=BAD_INPUT if error else 200)


def sections_page(request: HttpRequest, admission: Admission, entered: Entered, error: str = "") -> HttpResponse:
    """Return the choice of sections."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    query = request.POST.get("find", "").strip()[:LONGEST_QUERY]
    rows, found = section_rows(admission.ballot_form, entered.chosen, query)
    if query and not entered.chosen:
        error = ""  # Enter in the search field, before anything is chosen, only searches
    context = {
        "rows": rows,
        "found": found,
        "find": query,
        "departments": [(name, sections[0].department_code) for name, sections in departments_of(ballot_form)],
        "limit": ballot_form.max_sections[admission.channel],
        "error": error,
        **_carried(entered),
    }
    return step_page(request, "sections", admission, context, status=BAD_INPUT if error else 200)


def rate_page(
    request: HttpRequest, admission: Admission, entered: Entered, number: int, errors: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a rating page (from 0) of the chosen sections, which are in the form's order; with the errors on it."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    pages = rating_pages(ballot_form, entered.chosen)
    number = min(number, len(pages) - 1)
    shown = errors_on(ballot_form, entered.chosen, errors or {}, number)
    departments = {section.code: section.department for section in ballot_form.sections}
    asked = ballot_form.questionnaire
    context = {
        "questions": [(name, asked.questions[i]) for i, name in asked.names.items()],
        "cards": rating_cards(ballot_form, [entered.line(code) for code in pages[number]], shown),
        "errors": shown,
        "summary": error_summary(ballot_form, shown),
        "comment_length": ballot_form.comment_length,
        "severe": quoted(severe_words(ballot_form), "或者"),
        "none": asked.none,
        "unknown": asked.unknown,
        "number": number,
        "pages": len(pages),
        "is_last": number == len(pages) - 1,
        **_carried(entered),
    }
    if is_table(entered.chosen):
        context |= {
            "templates": signs_by_indicator(ballot_form),
            "department": departments[pages[number][0]],
            "index": [
                (
                    place,
                    departments[codes[0]],
                    sum(any(entered.line(code).answers.values()) for code in codes),
                    len(codes),
                )
                for place, codes in enumerate(pages)
            ],
            "rated": sum(any(line.answers.values()) for code, line in entered.lines.items() if code in entered.chosen),
        }
    name = "rate_table" if is_table(entered.chosen) else "rate"
    return step_page(request, name, admission, context, status=BAD_INPUT if shown else 200)


def review_page(request: HttpRequest, admission: Admission, entered: Entered, vote: Vote, comment: str) -> HttpResponse:
    """Return the review of a valid vote, from which it is cast; a wrong choice of digits is explained."""
    ballot_form, given = ballot_form_by_digest(admission.ballot_form), request.POST.get("digits")
    error = "" if given is None else _fault_of(given)
    pages = rating_pages(ballot_form, entered.chosen)
    places = {code: number for number, codes in enumerate(pages) for code in codes}
    text = vote.as_text()
    context = {
        "lines": [(places[line.section.code], line) for line in review_lines(ballot_form, vote)],
        "is_long": is_table(vote.lines),
        "chosen": entered.chosen,
        "vote": text,
        "comment": comment,
        "checked": checked_mark(admission, text, comment),
        "digits": f"{secrets.randbelow(10_000):04d}" if given is None else given,
        "error": error,
    }
    return step_page(request, "review", admission, context, status=BAD_INPUT if error else 200)


def refused_page(request: HttpRequest, admission: Admission, vote: Vote, comment: str, reason: str) -> HttpResponse:
    """Return the page of a valid vote that cannot be cast, with the reason."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    context = {
        "error": reason,
        "is_late": reason.startswith(NOT_NOW),
        "lines": [(0, line) for line in review_lines(ballot_form, vote)],
        "is_long": is_table(vote.lines),
        "chosen": [line.section for line in vote.lines],
        "vote": vote.as_text(),
        "comment": comment,
    }
    return step_page(request, "refused", admission, context, status=BAD_INPUT)


def done_page(request: HttpRequest, admission: Admission, cast: Cast, code: str) -> HttpResponse:
    """Return the last page: the receipt of the ballot that was cast now or before."""
    page = _done_page(admission.ballot_form, admission.box, _type_size(request), cast.is_new, current_profile())
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
    shown = {**carried, **context}
    if admission.section:
        shown |= {"bound": admission.section, "steps": BOUND_STEPS}
        if name in SENT_AGAIN_TO:
            shown["chosen"] = ()  # nothing is chosen, and the device keeps only what was filled in
    return render(request, f"evaluations/voting/{name}.html", shown, status=status)


def _type_size(request: HttpRequest) -> str:
    size = request.COOKIES.get("typesize", "")
    return size if size in TYPE_SIZES else ""


def _fault_of(digits: str) -> str:
    try:
        clean_digits(digits)
    except VoteErrors as wrong:
        return str(wrong)
    return ""


def _carried(entered: Entered) -> dict[str, Any]:
    """Return the hidden fields that carry the ballot from page to page."""
    return {"chosen": entered.chosen, "vote": entered.vote, "comment": entered.comment}


def _kept(request: HttpRequest) -> dict[str, Any]:
    """Return what was entered so far, for the first page, which carries on even what it cannot read."""
    try:
        return _carried(read_ballot(request.POST))
    except VoteErrors:
        return {"chosen": [], "vote": "", "comment": request.POST.get("comment", "")}


@lru_cache(maxsize=64)
def _entrance_page(round_: OpenRound, size: str, taken: int, profile: Profile) -> str:
    """Render the empty first page once for all devices with this type size and number of claimed codes."""
    asked = {"path": reverse("ballot"), "COOKIES": {"typesize": size}}
    shown = {"round": round_, "request": asked, "taken": taken, "profile": profile}
    return render_to_string("evaluations/voting/code.html", shown)


@lru_cache(maxsize=16)
def _done_page(digest: str, box_key: str, size: str, is_new: bool, profile: Profile) -> str:
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
        "profile": profile,
    }
    return render_to_string("evaluations/voting/done.html", shown)
