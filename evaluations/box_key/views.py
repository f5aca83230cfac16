"""Public pages of the box key: its records, and the confirmation of a card by its holder."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from evaluations.box_key.documents import key_notice_pdf
from evaluations.box_key.forms import HeldForm
from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.pages import key_page
from evaluations.box_key.services.holding import confirm_card
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.actions import attempt
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.views import visitors_form


@cache_control(no_store=True, private=True)
@sensitive_post_parameters()
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables()
def card(request: HttpRequest, key: str) -> HttpResponse:
    """Confirm possession of a card (确认领取密钥卡) by its 领卡确认码; the share itself never comes here."""
    round_ = get_object_or_404(Round.objects.exclude(box_key=""), key=key)
    if round_.state not in {RoundState.DRAWN, RoundState.OPEN} or not key_page(round_).cards:
        raise Http404
    form, confirmed = HeldForm(request.POST or None), None
    if form.is_valid():
        confirm = partial(confirm_card, round_key=key, code=form.cleaned_data["code"], at=clock.now())
        confirmed = attempt(form, confirm, field="code")
    is_refused = request.method == "POST" and not isinstance(confirmed, BoxCard)
    context = {"round": round_, "form": form, "confirmed": confirmed, "page": key_page(round_)}
    return render(request, "evaluations/box_key/card.html", context, status=400 if is_refused else 200)


@require_safe
def key_record(request: HttpRequest, key: str, key_id: str = "") -> HttpResponse:
    """Download the record (box-key.json) of the key in force or of a replaced one, exactly as approved."""
    round_ = get_object_or_404(Round, key=key)
    found = get_object_or_404(BoxKey, round=round_, key_id=key_id or round_.box_key)
    return download(found.record, f"box-key-{key}-{found.key_id[:8]}.json" if key_id else "box-key.json")


@require_safe
def key_notice(request: HttpRequest, key: str) -> HttpResponse:
    """Download the notice (公告) of the vote and its key."""
    round_ = get_object_or_404(Round.objects.exclude(box_key=""), key=key)
    return download(key_notice_pdf(round_), f"box-notice-{key}.pdf", inline=True)
