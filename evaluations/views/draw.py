"""Public pages of the draws: what was committed when, with which randomness, and what came out."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations import queries
from evaluations.models import Draw


@require_safe
def draws(request: HttpRequest) -> HttpResponse:
    """All draws by round."""
    return render(request, "evaluations/draws.html", {"rounds": queries.rounds_with_draws()})


@require_safe
def draw(request: HttpRequest, draw_id: str) -> HttpResponse:
    """One draw, with how to recheck it."""
    found = get_object_or_404(Draw.objects.select_related("round"), draw_id=draw_id)
    params = json.loads(found.params)
    numbers = zip(params["randomness"], found.randomness, strict=False)
    context = {
        "draw": found,
        "params": params,
        "sources": [(source["label"], numbers) for source, numbers in numbers],
        "strata": queries.drawn_strata(found),
    }
    return render(request, "evaluations/draw.html", context)


@require_safe
def proof(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Download the proof file, the stored bytes themselves."""
    found = get_object_or_404(Draw, draw_id=draw_id)
    if not found.proof:
        raise Http404
    response = HttpResponse(found.proof.encode(), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{found.draw_id}.json"'
    return response
