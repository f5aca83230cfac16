"""The commission's page of what has changed since the round before."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accountability.results.pages.changes import read_change_page
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def changes(request: HttpRequest, key: str) -> HttpResponse:
    """Show every section's change, and whether those around the cut changed differently."""
    policy.check_sees(account_of(request), "top10.view")
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_):
        raise Http404
    context = {"round": round_, "page": read_change_page(round_)}
    return render(request, "accountability/results/changes.html", context)
