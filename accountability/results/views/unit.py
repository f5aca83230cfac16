"""The liaison's page: the own unit's sections, after publication, and what follows for them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accountability.results.queries import read_unit
from nanchuan_eval.admin_site.model_admin import account_of
from nanchuan_eval.permissions import policy


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def unit(request: HttpRequest) -> HttpResponse:
    """Show places, scores and measures of the account's own unit; no address leads to another unit's."""
    user = account_of(request)
    if not user.unit_code:
        raise policy.Denied(user, "rank.own")
    policy.check_sees(user, "rank.own", own=True)
    rounds = read_unit(user.unit_code)
    is_demo = any(round_.is_demo for round_, _ in rounds)
    return render(
        request,
        "accountability/results/unit.html",
        {"rounds": rounds, "is_demo": is_demo, "today": timezone.localdate()},
    )
