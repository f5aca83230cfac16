"""The public page of a round's sample audit, once its list is published; no ballot, no receipt, no margin."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.sample_audit.queries.record import SamplePage, sample_page, sample_verdict
from nanchuan_eval.database.replica import from_replica


@require_safe
@from_replica
def public_sample(request: HttpRequest, key: str) -> HttpResponse:
    """How many ballots the supervisors compared, what they found, and how to recheck which were drawn."""
    round_, page = _finished(key)
    context = {"round": round_, "page": page, "verdict": sample_verdict(page)}
    return render(request, "evaluations/sample_audit/public.html", context)


@require_safe
@from_replica
def public_draw(request: HttpRequest, key: str) -> HttpResponse:
    """What a program needs to tell whether a ballot was drawn, as JSON."""
    round_, page = _finished(key)
    channels = {line.code: {"size": line.shown_size, "last_ticket": line.last_ticket} for line in page.channels}
    facts = {"round": round_.key, **page.drawing, "channels": channels}
    return JsonResponse(facts, json_dumps_params={"ensure_ascii": False})


def _finished(key: str) -> tuple[Round, SamplePage]:
    """Return a published round with the audit of its count."""
    round_ = get_object_or_404(Round, key=key, state__in=PUBLISHED)
    page = sample_page(round_)
    if not page.conclusion:
        raise Http404
    return round_, page
