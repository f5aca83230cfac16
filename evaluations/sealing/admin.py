"""Opening a box on the staff site: the cards in one form, permits of two persons, the record and its signatures."""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from evaluations.ballots.models import BallotSpool
from evaluations.box_key.services.cards import CardsRefused
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED, RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.approvals import ACTION_OF
from evaluations.sealing.documents import opening_record, opening_record_pdf
from evaluations.sealing.forms import OpeningForm, SigningForm
from evaluations.sealing.pages import card_labels, opening_page
from evaluations.sealing.rules import Permit
from evaluations.sealing.services.opening import OPEN_ACTION, BoxDiffers, open_box
from evaluations.sealing.services.permits import RECOVER_ACTION
from evaluations.sealing.services.signatures import sign_opening
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import ReasonForm

OPENED = "已开箱并封箱。请先备份并读回核对，再当场销毁密钥卡，并请到场监督员在开箱记录上签名。"
SEALED_AT_THE_DESK = "已开箱并封箱。定时任务没有运行的，请运维人员检查。"


class OpeningPages(PolicyAdmin):
    """Pages of a round's opening, mixed into the admin of rounds."""

    def opening(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show who must come and what differs (GET); open the box with the cards typed in (POST)."""
        user = account_of(request)
        policy.check_sees(user, OPEN_ACTION)
        round_ = get_object_or_404(Round, pk=pk)
        posted = request.POST if request.method == "POST" else None
        if posted is not None:
            policy.check_may_start(user, OPEN_ACTION)
        form = OpeningForm(posted, labels=card_labels(round_))
        found = _open_or_explain(request, round_, form) if form.is_valid() else []
        if found is None:
            messages.success(request, OPENED if is_opened_by_supervisors(round_.rulebook) else SEALED_AT_THE_DESK)
            return redirect(_record_address(round_))
        page = opening_page(round_, user, clock.now())
        context = {"page": page, "form": form, "found": found or page.differences}
        may_open = policy.may_start(user, OPEN_ACTION)
        answer = staff_page(request, "round/opening.html", round_, "开箱", may_open=may_open, **context)
        answer["Cache-Control"] = "no-store"
        return answer

    def permit(self, request: HttpRequest, pk: int, permit: str) -> HttpResponse:
        """Propose what an opening may need two persons' permit for."""
        if permit not in Permit.values:
            raise Http404
        policy.check_may_start(account_of(request), RECOVER_ACTION)
        round_, asked = get_object_or_404(Round, pk=pk), Permit(permit)
        back = reverse("admin:round-opening", args=[pk])
        start = approvals.Start(ACTION_OF[asked], round_)
        return show_round_form(request, round_, ReasonForm(request.POST or None), start, title=asked.label, back=back)

    def opening_record(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the record of the opening; sign it with a supervisor's code (POST)."""
        policy.check_sees(account_of(request), OPEN_ACTION)
        round_ = _opened(pk)
        form = SigningForm(request.POST or None)
        sign = partial(sign_opening, round_id=pk, at=clock.now())
        if form.is_valid() and attempt(form, partial(sign, **form.cleaned_data)):
            messages.success(request, "已签名。")
            return redirect(_record_address(round_))
        may_sign = round_.state == RoundState.SEALED and is_opened_by_supervisors(round_.rulebook)
        record = opening_record(round_)
        return staff_page(
            request, "round/opening_record.html", round_, "开箱记录", form=form, record=record, may_sign=may_sign
        )

    def opening_record_pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print the 开箱记录."""
        policy.check_sees(account_of(request), OPEN_ACTION)
        round_ = _opened(pk)
        return download(opening_record_pdf(round_, clock.now()), f"opening-record-{round_.key}.pdf")


@sensitive_variables()
def _open_or_explain(request: HttpRequest, round_: Round, form: OpeningForm) -> list[str] | None:
    """Open the box; None if it is open now, else what differs, and the form has the reasons at their fields."""
    by, at = account_of(request), clock.now()
    try:
        if BallotSpool.objects.count() > settings.OPENING_PAGE_ROWS:
            raise RuleViolation(f"待开箱的评议票超过{settings.OPENING_PAGE_ROWS}张，请用 open_box 命令开箱。")
        open_box(round_id=round_.pk, typed=form.typed, by=by, at=at, accepted=form.accepted)
    except BoxDiffers as differs:
        form.add_error(None, differs.reasons[0])
        return differs.lines
    except CardsRefused as refused:
        form.add_card_faults(refused.faults)
        for reason in () if refused.faults else refused.reasons:
            form.add_error(None, reason)
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            form.add_error(None, reason)
    else:
        return None
    return []


def _opened(pk: int) -> Round:
    """Return a sealed round whose record tells of its opening."""
    return get_object_or_404(Round.objects.filter(state__in=SEALED, closing__contains='"opening":'), pk=pk)


def _record_address(round_: Round) -> str:
    return reverse("admin:round-opening-record", args=[round_.pk])
