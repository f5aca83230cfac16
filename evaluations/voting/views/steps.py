"""The ballot (评议票) on a phone: five pages, each a POST that carries everything; no session, no cookie, no log.

票号 → 选科室 → 评议 → 核对 → 回执与投出. The code is in the body only, never in an address.
"""

from collections.abc import Callable, Sequence
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
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
from evaluations.codes.services.open_channel import CheckNeeded, issue_open_code
from evaluations.codes.services.visitor_checks import open_check
from evaluations.codes.services.visitors import count_visit, visitor_of
from evaluations.protocol.codes import format_code
from evaluations.rounds.queries import open_round
from evaluations.voting.forms import write_json
from evaluations.voting.pages import review_lines
from evaluations.voting.services import (
    Admission,
    Cast,
    admit,
    cast_ballot,
    checked_mark,
    is_cast,
    is_checked,
    receipt_for,
    refuse_late,
)
from evaluations.voting.views.responses import (
    BAD_INPUT,
    done_page,
    entered_lines,
    entrance,
    rate_page,
    refused_page,
    sections_page,
    step_page,
)
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.web.views import TYPE_SIZES, remember_size, visitors_form

Page = Callable[[HttpRequest], HttpResponse]


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
    """Step 1: enter the code."""
    if request.method != "POST":
        return entrance(request)
    try:
        admission = admit(code=request.POST.get("code", ""), at=clock.now())
    except RuleViolation as refusal:
        return entrance(request, error=str(refusal))
    try:
        return _with_vote(request, admission) if request.POST.get("vote") else sections_page(request, admission, ())
    except VoteErrors as errors:  # the submitted vote is unreadable, but the code is valid
        return sections_page(request, admission, (), error="\n".join(errors.errors.values()))


@ballot_page
def sections(request: HttpRequest) -> HttpResponse:
    """Step 2: choose sections, or change the choice."""
    return _admitted(request, lambda admission: sections_page(request, admission, request.POST.getlist("section")))


@ballot_page
def rate(request: HttpRequest) -> HttpResponse:
    """Step 3: one card per chosen section."""
    return _admitted(request, lambda admission: _rate(request, admission))


@ballot_page
def review(request: HttpRequest) -> HttpResponse:
    """Step 4: review the vote and enter the four digits for the receipt."""
    return _admitted(request, lambda admission: _review(request, admission, entered_lines(request)))


@ballot_page
def receipt(request: HttpRequest) -> HttpResponse:
    """Step 5: show the receipt before casting, so that it is not lost with a lost response."""
    return _admitted(request, lambda admission: _receipt(request, admission))


@ballot_page
def cast(request: HttpRequest) -> HttpResponse:
    """Cast the ballot; if it is refused, the page keeps the vote."""
    return _admitted(request, lambda admission: _cast(request, admission))


@ballot_page
def claim(request: HttpRequest) -> HttpResponse:
    """Claim a code of a self-service batch (自助领票), after a check if there are many claims."""
    batch, now = request.POST.get("batch", ""), clock.now()
    round_ = open_round(now)
    key = round_.key if round_ else ""
    visitor = visitor_of(request, key)
    try:
        code = issue_open_code(batch_id=parse_id(batch), at=now, visitor=visitor)
    except CheckNeeded as need:
        wrong = bool(request.POST.get("check"))
        context = {"batch": batch, "question": open_check().ask(), "reason": str(need), "wrong": wrong, "stays": True}
        status = BAD_INPUT if wrong else 200
        return render(request, "evaluations/voting/claim_check.html", {**context, "round": round_}, status=status)
    except (RuleViolation, OverflowError) as refusal:
        return entrance(request, error=str(refusal))
    response = render(
        request, "evaluations/voting/claim.html", {"code": format_code(code), "round": round_, "stays": True}
    )
    count_visit(request, response, key)
    return response


def _admitted(request: HttpRequest, page: Callable[[Admission], HttpResponse]) -> HttpResponse:
    """Parse the signed admission; invalid hidden fields lead back to the first page, which keeps the vote."""
    try:
        return page(Admission.from_token(request.POST.get("admission", "")))
    except RuleViolation as refusal:
        return entrance(request, error=str(refusal))
    except VoteErrors as errors:
        return entrance(request, error=str(errors))


def _rate(request: HttpRequest, admission: Admission) -> HttpResponse:
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    chosen = request.POST.getlist("section")
    if request.POST.get("all"):
        chosen = [section.code for section in ballot_form.sections]
    if not chosen and request.POST.get("vote"):
        return _with_vote(request, admission)
    try:
        codes = validate_sections(ballot_form, admission.channel, chosen)
    except VoteErrors as error:
        return sections_page(request, admission, chosen, error=str(error))
    typed = {line.section: line for line in entered_lines(request)}
    lines = [typed.get(code) or RawLine(code, {}) for code in codes]
    return rate_page(request, admission, lines)


def _with_vote(request: HttpRequest, admission: Admission) -> HttpResponse:
    return rate_page(request, admission, entered_lines(request))


def _review(request: HttpRequest, admission: Admission, lines: Sequence[RawLine], error: str = "") -> HttpResponse:
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    vote, comment, errors = _validated(ballot_form, admission, lines, request.POST.get("comment", ""))
    if errors:
        return rate_page(request, admission, lines, errors)
    try:
        refuse_late(admission, clock.now())
    except RuleViolation as refusal:
        return refused_page(request, admission, comment, str(refusal))
    context = {
        "lines": review_lines(ballot_form, vote),
        "sections": [line.section for line in vote.lines],
        "vote": write_json(lines),
        "comment": comment,
        "digits": request.POST.get("digits", ""),
        "error": error,
    }
    return step_page(request, "review", admission, context, status=BAD_INPUT if error else 200)


def _receipt(request: HttpRequest, admission: Admission) -> HttpResponse:
    lines = entered_lines(request)
    ballot_form = ballot_form_by_digest(admission.ballot_form)
    vote, comment, errors = _validated(ballot_form, admission, lines, request.POST.get("comment", ""))
    if errors:
        return rate_page(request, admission, lines, errors)
    try:
        digits = clean_digits(request.POST.get("digits", ""))
        refuse_late(admission, clock.now())
    except VoteErrors as error:
        return _review(request, admission, lines, error=str(error))
    except RuleViolation as refusal:
        return refused_page(request, admission, comment, str(refusal))
    shown = format_code(receipt_for(admission, digits))
    text = vote.as_text()
    checked = checked_mark(admission, text, comment)
    context = {"receipt": shown, "vote": text, "comment": comment, "checked": checked, "digits": digits}
    return step_page(request, "receipt", admission, context)


def _cast(request: HttpRequest, admission: Admission) -> HttpResponse:
    """Store the vote exactly as shown on the receipt page; any other vote is validated and shown first."""
    # Browsers submit line breaks in hidden fields as CRLF.
    vote, comment = request.POST.get("vote", ""), request.POST.get("comment", "").replace("\r\n", "\n")
    code, digits = request.POST.get("code", ""), clean_digits(request.POST.get("digits", ""))
    if not is_checked(admission, vote, comment, request.POST.get("checked", "")):
        if is_cast(admission, digits):
            return done_page(request, admission, Cast(receipt_for(admission, digits), is_new=False), code)
        return _receipt(request, admission)
    try:
        cast_ = cast_ballot(admission=admission, code=code, vote=vote, comment=comment, digits=digits, at=clock.now())
    except RuleViolation as refusal:
        return refused_page(request, admission, comment, str(refusal))
    return done_page(request, admission, cast_, code)


def _validated(
    ballot_form: BallotForm, admission: Admission, lines: Sequence[RawLine], comment: str
) -> tuple[Vote, str, dict[str, str]]:
    """Return (vote, cleaned comment, errors of both)."""
    errors: dict[str, str] = {}
    vote = Vote(())
    try:
        vote = validate_vote(ballot_form, admission.channel, lines)
    except VoteErrors as wrong:
        errors |= wrong.errors
    try:
        comment = clean_comment(comment, ballot_form.comment_length)
    except VoteErrors as wrong:
        errors |= wrong.errors
    return vote, comment, errors
