"""Pools on the staff site, with masked phones: list, state, notices, objections, export."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from evaluations.draws.pages.pools import PoolLine, pool_lines
from evaluations.draws.queries.people import committed_pools
from evaluations.draws.services.exports import EXPORT, export_pool
from evaluations.personal_data.admin.people import MOST_CHOSEN, PersonPages, action_links
from evaluations.pools.approvals import start_announcement
from evaluations.pools.forms import (
    AnswerForm,
    ObjectionForm,
    PoolExportForm,
)
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services import notices
from evaluations.pools.services.uploads import list_name
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.models import Round
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt, perform
from nanchuan_eval.web.downloads import download
from nanchuan_eval.workspace.rules import Phase


@admin.register(PoolEntry)
class PoolEntryAdmin(PersonPages):
    """Admin of the persons in a round's pools (名单库)."""

    phase = Phase.DRAWING
    order = 2
    see_action = "pool.view"
    list_display = ["name", "shown_phone", "stratum", "unit", "kind", "round", "exclusion"]
    list_filter = ["round", "kind", "stratum", "exclusion"]
    list_select_related = ["round"]
    search_fields = ["name", "unit"]
    search_by_key = True
    search_help_text = "姓名或者单位；空格、间隔号和全半角的写法不影响查找"
    actions = ["exclude_chosen"]
    fields = ["round", "kind", "stratum", "name", "unit", "shown_phone", "dealt_with", "exclusion", "exclusion_note"]

    @admin.display(description="手机号")
    def shown_phone(self, entry: PoolEntry) -> str:
        return entry.masked_phone

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*self.list_display, action_links(account_of(request))]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PoolEntry]:
        """Annotate whether the draw is committed; people can only be excluded before that."""
        is_committed = Case(When(committed_pools(), then=True), default=False)
        entries: QuerySet[PoolEntry] = super().get_queryset(request).annotate(is_committed=is_committed)
        return entries

    def has_exclude_permission(self, request: HttpRequest) -> bool:
        return policy.may_start(account_of(request), "pool.exclude")

    @admin.action(permissions=["exclude"], description="将所选人员登记为回避")
    def exclude_chosen(self, request: HttpRequest, chosen: QuerySet[PoolEntry]) -> HttpResponse:
        """Redirect to the page for the reason."""
        ids = ",".join(str(pk) for pk in chosen.values_list("pk", flat=True)[:MOST_CHOSEN])
        return redirect(f"{reverse('admin:pool-exclude-several')}?ids={ids}")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("round/<int:pk>/", wrap(self.pools), name="round-pool"),
            path("round/<int:pk>/<str:kind>/announce/", wrap(self.announce), name="pool-announce"),
            path("notice/<int:pk>/objection/", wrap(self.objection), name="pool-objection"),
            path("objection/<int:pk>/answer/", wrap(self.answer), name="pool-answer"),
            path("round/<int:pk>/export/", wrap(never_cache(self.export)), name="pool-export"),
            *super().get_urls(),
        ]

    def pools(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the state of the round's pools, with the ways to upload, announce and export them."""
        round_, user = get_object_or_404(Round, pk=pk), account_of(request)
        lines = pool_lines(round_, user, clock.now())
        return staff_page(
            request,
            "pool/pools.html",
            round_,
            "名单库",
            lines=[(line, list_name(line.kind)) for line in lines],
            proposals=_proposals(round_, lines, user),
            proposes=policy.requires_approval("pool.announce"),
            may_export=policy.may_start(user, EXPORT),
        )

    def announce(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Announce a pool and open its objection period (POST only)."""
        back = reverse("admin:round-pool", args=[pk])
        if request.method != "POST" or kind not in PoolKind.values:
            return redirect(back)
        service = partial(start_announcement, round_id=pk, kind=PoolKind(kind))
        return perform(request, service, done="名单人数已公告，异议期开始。", back=back)

    def objection(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record an objection."""
        policy.check_may_start(account_of(request), "pool.import")
        notice = get_object_or_404(PoolNotice.objects.select_related("round"), pk=pk)
        return show_round_form(
            request,
            notice.round,
            ObjectionForm(request.POST or None),
            partial(notices.record_objection, notice_id=pk),
            title=f"登记异议：{notice.get_kind_display()}",
            back=reverse("admin:round-pool", args=[notice.round_id]),
        )

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer an objection."""
        objection = get_object_or_404(PoolObjection.objects.select_related("notice__round"), pk=pk)
        approvals.check_may_start(account_of(request), "pool.answer", objection)
        return show_round_form(
            request,
            objection.notice.round,
            AnswerForm(request.POST or None),
            approvals.Start("pool.answer", objection),
            title="处理异议",
            back=reverse("admin:round-pool", args=[objection.notice.round_id]),
        )

    def export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to export a pool; after approval, download it once."""
        round_, user, at = get_object_or_404(Round, pk=pk), account_of(request), clock.now()
        if not policy.may_start(user, EXPORT):
            raise policy.Denied(user, EXPORT)
        back, is_ready = reverse("admin:round-pool", args=[pk]), authorizations.may_use(EXPORT, round_, by=user, at=at)
        needs_form = not (is_ready and policy.requires_approval(EXPORT))
        posted = request.POST if request.method == "POST" else None
        form = PoolExportForm(posted) if needs_form else Form(posted)
        if is_ready and request.method == "POST" and form.is_valid():
            kind = PoolKind(form.cleaned_data.get("kind", PoolKind.EVALUATORS))
            content = attempt(form, lambda: export_pool(round_id=pk, kind=kind, by=user, at=at))
            if content is not None:
                return download(content, f"pool-{round_.key}.xlsx")
        if is_ready:
            return staff_page(request, "round/act.html", round_, "下载已审批的名单", form=form, back=back)
        service = approvals.Start(EXPORT, round_)
        return show_round_form(request, round_, form, service, title="提请导出名单", back=back)


def _proposals(round_: Round, lines: list[PoolLine], user: User) -> list[approvals.Waiting]:
    objections = [objection for line in lines for objection in line.objections]
    return [*approvals.waiting_about(user, round_), *approvals.waiting_about(user, *objections)]
