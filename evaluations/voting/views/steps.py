"""The ballot (评议票) on a phone: four steps, each a POST that carries everything; no session, no cookie, no log.

票号 → 选科室 → 评议 → 核对并提交 → 完成. The code is in the body only, never in an address.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballot_form.rules.votes import (
    RawLine,
    Vote,
    VoteErrors,
    clean_comment,
    clean_digits,
    validate_sections,
    validate_vote,
)
from evaluations.voting.forms import Entered, read_ballot
from evaluations.voting.pages import errors_on, is_table, page_with, rating_pages
from evaluations.voting.services import (
    Admission,
    Cast,
    admit,
    cast_ballot,
    is_cast,
    is_checked,
    receipt_for,
    refuse_late,
)
from evaluations.voting.views.responses import (
    done_page,
    entrance,
    rate_page,
    refused_page,
    review_page,
    sections_page,
)
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.web.views import TYPE_SIZES, remember_size, visitors_form

Page = Callable[[HttpRequest], HttpResponse]
OTHER_SECTION = "本票只评议您办过事的这一个科室，不能评议其他科室。"
NOTHING_RATED = "还没有评议任何科室，请至少评议一个办过事的科室。"
MOST_DIGITS = 4


def ballot_page(view: Page) -> Page:
    """Decorate a ballot page: POST only (GET redirects to the first page), never cached.

    Without JavaScript the size of type is changed by submitting the page's own form again.
    """

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return redirect("ballot")
        size = request.POST.get("typesize", "")
        if size not in TYPE_SIZES:
            return view(request)
        request.COOKIES["typesize"] = size
        return remember_size(request, view(request), size)

    return secret(require_http_methods(["GET", "HEAD", "POST"])(page))


def secret(view: Page) -> Page:
    """Keep a page out of caches and its fields out of error reports; its forms need no cookie."""
    return cache_control(no_store=True, private=True)(sensitive_post_parameters()(visitors_form(view)))


@secret
@require_http_methods(["GET", "HEAD", "POST"])
def ballot(request: HttpRequest) -> HttpResponse:
    """Step 1: enter the code; a ballot that was filled in before goes on where it is not complete."""
    if request.method != "POST":
        return entrance(request)
    try:
        admission = admit(code=request.POST.get("code", ""), at=clock.now())
    except RuleViolation as refusal:
        return entrance(request, error=str(refusal))
    try:
        entered = read_ballot(request.POST)
        if admission.section:  # what was filled in under another code, mistyped, may be about other sections
            entered = replace(entered, chosen=[])
        is_chosen = bool(entered.chosen or admission.section)
        return _go_on(request, admission, entered) if is_chosen else _choice(request, admission, entered)
    except VoteErrors as errors:  # the submitted vote is unreadable, but the code is valid
        return _choice(request, admission, Entered(), error=str(errors))


@ballot_page
def sections(request: HttpRequest) -> HttpResponse:
    """Step 2: choose sections, or change the choice."""
    return _admitted(request, lambda request, admission: _choice(request, admission, read_ballot(request.POST)))


@ballot_page
def rate(request: HttpRequest) -> HttpResponse:
    """Step 3: the rating, one section a page; `from` is the page that was filled in, `to` the one asked for."""
    return _admitted(request, _rate)


@ballot_page
def review(request: HttpRequest) -> HttpResponse:
    """Step 4: review the ballot; nothing is cast yet."""
    return _admitted(request, _review)


@ballot_page
def cast(request: HttpRequest) -> HttpResponse:
    """Cast the ballot; if it is refused, the page keeps the vote."""
    return _admitted(request, _cast)


def _admitted(request: HttpRequest, page: Callable[[HttpRequest, Admission], HttpResponse]) -> HttpResponse:
    """Parse the signed admission; invalid hidden fields lead back to the first page, which keeps the vote."""
    try:
        return page(request, Admission.from_token(request.POST.get("admission", "")))
    except RuleViolation as refusal:
        return entrance(request, error=str(refusal))
    except VoteErrors as errors:
        return entrance(request, error=str(errors))


def _choice(request: HttpRequest, admission: Admission, entered: Entered, error: str = "") -> HttpResponse:
    """Return the choice of sections; a ballot bound to a section has none, but its one rating page."""
    if not admission.section:
        return sections_page(request, admission, entered, error=error)
    errors = {"": error} if error else {}
    return rate_page(request, admission, replace(entered, chosen=[admission.section]), 0, errors)


def _rate(request: HttpRequest, admission: Admission) -> HttpResponse:
    post, ballot_form = request.POST, ballot_form_by_digest(admission.ballot_form)
    entered = read_ballot(post)
    if post.get("all") and not admission.section:
        entered = replace(entered, chosen=[section.code for section in ballot_form.sections])
    try:
        entered = _in_order(ballot_form, admission, entered)
    except VoteErrors as error:
        return _choice(request, admission, entered, error=str(error))
    shown, asked = _number(request, "from"), _number(request, "to")
    if asked is not None:
        return rate_page(request, admission, entered, asked)
    if shown is None:
        try:
            refuse_late(admission, clock.now())  # before anything is filled in for nothing
        except RuleViolation as refusal:
            return _choice(request, admission, entered, error=str(refusal))
        return _go_on(request, admission, entered)
    if post.get("rest") or post.get("typesize"):
        filled = entered.with_rest(post["rest"]) if post.get("rest") else entered
        return rate_page(request, admission, filled, shown)
    shown = min(shown, len(rating_pages(ballot_form, entered.chosen)) - 1)
    _, _, errors = _validated(ballot_form, admission, entered)
    found = errors_on(ballot_form, entered.chosen, {name: text for name, text in errors.items() if name}, shown)
    return rate_page(request, admission, entered, shown if found else shown + 1, found)


def _go_on(request: HttpRequest, admission: Admission, entered: Entered) -> HttpResponse:
    """Return the first rating page that is not complete, without blame; the review if all are."""
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    try:
        entered = _in_order(ballot_form, admission, entered)
    except VoteErrors as error:
        return _choice(request, admission, entered, error=str(error))
    _, _, errors = _validated(ballot_form, admission, entered)
    if not errors:
        return _reviewed(request, admission, entered)
    return rate_page(request, admission, entered, page_with(ballot_form, entered.chosen, errors))


def _review(request: HttpRequest, admission: Admission) -> HttpResponse:
    return _reviewed(request, admission, read_ballot(request.POST))


def _reviewed(request: HttpRequest, admission: Admission, entered: Entered) -> HttpResponse:
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    try:
        entered = _in_order(ballot_form, admission, entered)
    except VoteErrors as error:
        return _choice(request, admission, entered, error=str(error))
    vote, comment, errors = _validated(ballot_form, admission, entered)
    if errors:
        number = page_with(ballot_form, entered.chosen, errors, _number(request, "from") or 0)
        return rate_page(request, admission, entered, number, errors)
    try:
        refuse_late(admission, clock.now())
    except RuleViolation as refusal:
        return refused_page(request, admission, vote, comment, str(refusal))
    return review_page(request, admission, entered, vote, comment)


def _cast(request: HttpRequest, admission: Admission) -> HttpResponse:
    """Store the vote exactly as the review shows it; any other vote is validated and shown first."""
    # Browsers submit line breaks in hidden fields as CRLF.
    text, comment = request.POST.get("vote", ""), request.POST.get("comment", "").replace("\r\n", "\n")
    code = request.POST.get("code", "")
    try:
        digits = clean_digits(request.POST.get("digits", ""))
    except VoteErrors:
        return _review(request, admission)  # which says what is wrong with the digits
    if not is_checked(admission, text, comment, request.POST.get("checked", "")):
        if is_cast(admission, digits):
            return done_page(request, admission, Cast(receipt_for(admission, digits), is_new=False), code)
        return _review(request, admission)
    try:
        cast_ = cast_ballot(admission=admission, code=code, vote=text, comment=comment, digits=digits, at=clock.now())
    except RuleViolation as refusal:
        entered = read_ballot(request.POST)
        if admission.section:
            entered = replace(entered, chosen=[admission.section])
        vote, _, _ = _validated(ballot_form_by_digest(admission.ballot_form), admission, entered)
        return refused_page(request, admission, vote, comment, str(refusal))
    return done_page(request, admission, cast_, code)


def _in_order(ballot_form: BallotForm, admission: Admission, entered: Entered) -> Entered:
    """Return the ballot with its sections in the order of the form; raises VoteErrors if they may not be chosen.

    The pages of a ballot bound to a section name no sections.
    """
    if admission.section:
        if set(entered.chosen) - {admission.section}:
            raise VoteErrors({"": OTHER_SECTION})
        return replace(entered, chosen=[admission.section])
    return replace(entered, chosen=validate_sections(ballot_form, admission.channel, entered.chosen))


def _validated(ballot_form: BallotForm, admission: Admission, entered: Entered) -> tuple[Vote, str, dict[str, str]]:
    """Return (vote, cleaned comment, errors of both)."""
    errors: dict[str, str] = {}
    vote, comment, lines = Vote(()), entered.comment, _rated(entered)
    try:
        vote = validate_vote(ballot_form, admission.channel, lines)
    except VoteErrors as wrong:
        errors |= wrong.errors if lines else {"": NOTHING_RATED}
    try:
        comment = clean_comment(comment, ballot_form.comment_length)
    except VoteErrors as wrong:
        errors |= wrong.errors
    return vote, comment, errors


def _rated(entered: Entered) -> list[RawLine]:
    """Return the lines of the chosen sections; of many sections, rows may stay blank."""
    lines = [entered.line(code) for code in entered.chosen]
    return [line for line in lines if any(line.answers.values())] if is_table(entered.chosen) else lines


def _number(request: HttpRequest, name: str) -> int | None:
    """Return the number of a rating page from a field; None if there is none."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None
