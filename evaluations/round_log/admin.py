"""The whole 办理记录 of a round on the staff site: filter, pages, workbook."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from evaluations.round_log.forms import LogFilter
from evaluations.round_log.queries import SEES, entries_of, log_lines
from evaluations.round_log.workbooks import log_workbook
from evaluations.rounds.admin_pages import staff_page
from evaluations.rounds.models import Round
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.web.downloads import download

PAGE_LENGTH = 50


class LogPages(PolicyAdmin):
    """Pages of a round's 办理记录, mixed into the admin of rounds."""

    def log(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the record, newest first."""
        user = account_of(request)
        policy.check_sees(user, SEES)
        round_, form = get_object_or_404(Round, pk=pk), LogFilter(request.GET)
        page = Paginator(form.chosen(entries_of(round_, user)), PAGE_LENGTH).get_page(request.GET.get("page"))
        asked = request.GET.copy()
        asked.pop("page", None)
        lines = log_lines(page.object_list)
        return staff_page(
            request, "round/log.html", round_, "办理记录", form=form, page=page, lines=lines, asked=asked.urlencode()
        )

    def log_export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download what the filter leaves as a workbook."""
        user, at = account_of(request), clock.now()
        policy.check_sees(user, SEES)
        round_ = get_object_or_404(Round, pk=pk)
        lines = log_lines(LogFilter(request.GET).chosen(entries_of(round_, user)))
        with audit.exporting(SEES, round_, by=user, at=at, what="办理记录"):
            return download(log_workbook(round_, lines), f"{round_.key}-办理记录.xlsx")
