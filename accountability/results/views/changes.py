"""The commission's page of what has changed since the round before."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accountability.results.pages.changes import read_change_page
from accountability.results.pages.tables import changes_table, left_out_table
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import Table, show_tables
from nanchuan_eval.web.actions import account_of, staff_view


@staff_view
def changes(request: HttpRequest, key: str) -> HttpResponse:
    """Show every section's change, and whether those around the cut changed differently."""
    policy.check_sees(account_of(request), "top10.view")
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_):
        raise Http404
    page = read_change_page(round_)
    context = {"round": round_, "page": page}
    tables: list[Table[Any]] = [changes_table(round_, page.lines), left_out_table(round_, page.left_out)]
    return show_tables(request, "accountability/results/changes.html", context, tables, action="top10.view")
