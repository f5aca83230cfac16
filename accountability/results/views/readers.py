"""Read-only pages of roles outside the admin site: roster, turnout, ranking, a unit's own result."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accountability.results.pages.tables import places_table, roster_table
from accountability.results.queries.results import places_of, read_unit
from departments.models import Section
from evaluations.rounds.models import Round
from evaluations.rounds.queries import open_round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.sealing.queries import sealed_rounds
from evaluations.tally.models import SectionResult, by_place
from evaluations.turnout.pages import client_returns, monitor_page, returns_table
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.web.actions import account_of, staff_view


@staff_view
def roster(request: HttpRequest) -> HttpResponse:
    """Show the current roster (评议对象名录); a liaison sees only their own unit."""
    user = account_of(request)
    policy.check_sees(user, "roster.view", own=True)
    sections = Section.objects.active().select_related("department").with_heads().order_by("department__code", "code")
    if not policy.may_see(user, "roster.view"):
        sections = sections.filter(department__code=user.unit_code)
    table = roster_table(list(sections))
    return show_tables(request, "accountability/results/roster.html", {}, [table], action="roster.view")


@staff_view
def monitor(request: HttpRequest) -> HttpResponse:
    """Show the turnout of the open round (回收监测) without the office's actions, and the sealed boxes."""
    policy.check_sees(account_of(request), "round.monitor")
    at = clock.now()
    round_ = open_round(at)
    page = monitor_page(round_) if round_ else None
    clients = client_returns(round_, page.batches, at) if round_ and page else None
    context = {
        "round": round_,
        "monitor": page,
        "clients": clients,
        "sealed": sealed_rounds(),
        "is_demo": bool(round_ and round_.is_demo),
    }
    tables = [returns_table(clients.lines)] if clients else []
    return show_tables(request, "accountability/results/monitor.html", context, tables, action="round.monitor")


@staff_view
def places(request: HttpRequest, key: str = "") -> HttpResponse:
    """Show the ranking of a published round, without details reserved to office and commission.

    The policy table gives personnel the ranking after the count, but the top ten only after publication:
    the stricter rule applies.
    """
    policy.check_sees(account_of(request), "rank.full")
    rounds = list(Round.objects.filter(state__in=PUBLISHED))
    chosen = [round_ for round_ in rounds if not key or round_.key == key]
    if key and not chosen:
        raise Http404
    round_ = chosen[0] if chosen else None
    rows = SectionResult.objects.filter(round=round_).select_related("section", "case").order_by(*by_place())
    results = list(rows)
    ranked = [result for result in results if result.rank is not None]
    context = {
        "rounds": rounds,
        "round": round_,
        "unranked": [result for result in results if result.rank is None],
        "is_demo": bool(round_ and round_.is_demo),
    }
    tables = [places_table(round_, places_of(round_, results).heading, ranked)] if round_ else []
    return show_tables(request, "accountability/results/places.html", context, tables, action="rank.full")


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def unit(request: HttpRequest) -> HttpResponse:
    """Show places, scores and measures of the account's own unit."""
    user = account_of(request)
    if not user.unit_code:
        raise policy.Denied(user, "rank.own")
    policy.check_sees(user, "rank.own", own=True)
    rounds = read_unit(user.unit_code)
    is_demo = any(round_.is_demo for round_, _, _ in rounds)
    context = {
        "rounds": rounds,
        "with_signs": [
            round_
            for round_, _, lines in rounds
            if round_.state in PUBLISHED and any(not line.result.is_listed for line in lines)
        ],
        "is_demo": is_demo,
        "today": timezone.localdate(),
    }
    return render(request, "accountability/results/unit.html", context)
