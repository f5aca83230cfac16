"""The supervisors' signing codes (签名码) at the desk: issue, take out one sheet, confirm its handing, reissue."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from evaluations.draws.approvals import ISSUE_CODES, REISSUE_CODES
from evaluations.draws.documents import signing_sheet_pdf
from evaluations.draws.models import Draw, DrawEntry, SigningSheet
from evaluations.draws.pages.signing import signing_page
from evaluations.draws.services import signing
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, perform, staff_post
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import ReasonForm

View = Callable[..., HttpResponseBase]


def urls(wrap: Callable[[View], View]) -> list[URLPattern]:
    """Return the addresses of the pages."""
    return [
        path("<int:pk>/signing-codes/", wrap(sheets), name="draw-signing-codes"),
        path("<int:pk>/signing-codes/issue/", wrap(staff_post(issue)), name="draw-signing-issue"),
        path("<int:pk>/signing-codes/hand/", wrap(staff_post(hand)), name="draw-signing-hand"),
        path("signing-sheet/<int:pk>/", wrap(staff_post(seal)), name="draw-signing-seal"),
        path("entry/<int:pk>/reissue/", wrap(reissue), name="draw-signing-reissue"),
    ]


def sheets(request: HttpRequest, pk: int) -> HttpResponse:
    """Show which supervisor has which sheet, and what is to be done."""
    user = account_of(request)
    policy.check_sees(user, signing.ISSUE)
    draw = get_object_or_404(Draw.objects.select_related("round"), pk=pk, purpose=DrawPurpose.SUPERVISORS)
    page = signing_page(draw, user)
    context = {
        "draw": draw,
        "page": page,
        "proposals": [
            *approvals.waiting_about(user, draw),
            *approvals.waiting_about(user, *(line.entry for line in page.lines)),
        ],
        "proposes": policy.requires_approval(signing.ISSUE),
    }
    return staff_page(request, "draw/signing.html", draw.round, "监督员签名码", **context)


def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to issue codes to the supervisors who have none (POST only)."""
    draw = get_object_or_404(Draw, pk=pk)
    done = "签名码已批准发放，请逐人取出密封件。"
    return perform(request, approvals.Start(ISSUE_CODES, draw), done=done, back=_page(pk))


def seal(request: HttpRequest, pk: int) -> HttpResponse:
    """Take out a supervisor's sheet as PDF, once (POST only)."""
    user, at = account_of(request), clock.now()
    policy.check_may_start(user, signing.SEAL)
    sheet = get_object_or_404(SigningSheet.objects.select_related("entry"), pk=pk)
    made = attempt(request, partial(signing.seal_codes, sheet_id=pk, by=user, at=at))
    if made is None:
        return redirect(_page(sheet.entry.draw_id))
    with audit.numbered(audit.entry_of(by=user, at=at)):
        sheet, codes = made
        return download(signing_sheet_pdf(sheet, codes, at=at), f"{sheet.entry.draw.draw_id}-{sheet.pk}.pdf")


def hand(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm that sheets were handed to their supervisors (POST only)."""
    chosen = {int(one) for one in request.POST.getlist("sheet") if one.isascii() and one.isdigit()}
    service = partial(signing.hand_over_codes, draw_id=get_object_or_404(Draw, pk=pk).pk, sheet_ids=chosen)
    return perform(request, service, done="已确认当面交付，签名码可以使用。", back=_page(pk))


def reissue(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to revoke a supervisor's codes and to issue others, with the reason."""
    entry = get_object_or_404(DrawEntry.objects.select_related("draw__round", "person"), pk=pk)
    approvals.check_may_start(account_of(request), REISSUE_CODES, entry)
    service = approvals.Start(REISSUE_CODES, entry)
    title = f"作废并重发签名码：{entry.person.name if entry.person else entry}"
    back = _page(entry.draw_id)
    return show_round_form(request, entry.draw.round, ReasonForm(request.POST or None), service, title=title, back=back)


def _page(draw_id: int) -> str:
    return reverse("admin:draw-signing-codes", args=[draw_id])
