"""The page of a round's frame (办件与名单), mixed into the admin of rounds."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from evaluations.rounds.models import Round
from evaluations.service_records.pages.frame import frame_page
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.web.actions import account_of

SEE = "pool.view"


class FramePages(PolicyAdmin):
    """How many people each section's service records give for the draw; no names."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("<int:pk>/frame/", wrap(self.frame), name="round-frame"), *super().get_urls()]

    def frame(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the figures by section, or answer their workbook."""
        policy.check_sees(account_of(request), SEE)
        round_ = get_object_or_404(Round, pk=pk)
        page = frame_page(round_, clock.now())
        context = {**admin.site.each_context(request), "round": round_, "title": "办件与名单", "page": page}
        return show_tables(request, "admin/evaluations/round/frame.html", context, [page.table], action=SEE)
