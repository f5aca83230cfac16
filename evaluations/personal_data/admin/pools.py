"""Pools on the staff site, with masked phones: import, notices, objections, exclusions, corrections, export."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, When
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from evaluations.draws.pages.pools import PoolLine, pool_lines
from evaluations.draws.queries.people import committed_pools
from evaluations.draws.services.exports import EXPORT, export_pool
from evaluations.personal_data.services import requests
from evaluations.personal_data.services.people import unmask_phone
from evaluations.pools.forms import (
    AnswerForm,
    CorrectionForm,
    ExclusionForm,
    ObjectionForm,
    PoolExportForm,
    PoolFileForm,
)
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.pools.rules import PoolKind
from evaluations.pools.services import notices
from evaluations.pools.services.lists import confirm_upload, upload_pool
from evaluations.rounds.admin_pages import round_page, show_round_form, staff_page
from evaluations.rounds.models import Round
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.admin_site.proposals import ReasonForm
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt, perform
from nanchuan_eval.web.downloads import download

PREVIEWED = 20
# Most people in one list of exclusions: as many as a page of the list shows.
MOST_CHOSEN = 100
# Actions on one person: page, link text, permission.
WAYS = (
    ("exclude", "回避", "pool.exclude"),
    ("phone", "完整手机号", "pool.unmask"),
    ("correct", "更正", requests.HANDLE),
    ("erase", "申请删除", "privacy.handle"),
)


@admin.register(PoolEntry)
class PoolEntryAdmin(ReadOnlyAdmin):
    """名单库."""

    order = 2
    see_action = "pool.view"
    list_display = ["name", "shown_phone", "stratum", "unit", "kind", "round", "exclusion"]
    list_filter = ["round", "kind", "stratum", "exclusion"]
    list_select_related = ["round"]
    search_fields = ["name", "unit"]
    actions = ["exclude_chosen"]
    fields = ["round", "kind", "stratum", "name", "unit", "shown_phone", "dealt_with", "exclusion", "exclusion_note"]

    @admin.display(description="手机号")
    def shown_phone(self, entry: PoolEntry) -> str:
        return entry.masked_phone

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*self.list_display, _links(account_of(request))]

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
            path("round/<int:pk>/upload/<int:upload>/", wrap(self.confirm), name="pool-confirm"),
            path("round/<int:pk>/<str:kind>/announce/", wrap(self.announce), name="pool-announce"),
            path("notice/<int:pk>/objection/", wrap(self.objection), name="pool-objection"),
            path("objection/<int:pk>/answer/", wrap(self.answer), name="pool-answer"),
            path("<int:pk>/phone/", wrap(never_cache(self.phone)), name="pool-phone"),
            path("<int:pk>/correct/", wrap(never_cache(self.correct)), name="pool-correct"),
            path("round/<int:pk>/export/", wrap(never_cache(self.export)), name="pool-export"),
            path("<int:pk>/erase/", wrap(self.erase), name="pool-erase"),
            path("<int:pk>/exclude/", wrap(self.take_out), name="pool-exclude"),
            path("exclude/", wrap(self.take_out_several), name="pool-exclude-several"),
            *super().get_urls(),
        ]

    def pools(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Upload and preview a file; show the state of the round's pools."""
        round_, user = get_object_or_404(Round, pk=pk), account_of(request)
        form, shown = PoolFileForm(request.POST or None, request.FILES or None), None
        if request.method == "POST" and form.is_valid():
            kind, upload = PoolKind(form.cleaned_data["kind"]), form.cleaned_data["file"]
            file = (upload.name, upload.read())
            at = timezone.now()
            shown = attempt(form, lambda: upload_pool(round_id=pk, kind=kind, file=file, by=user, at=at))
        lines = pool_lines(round_, user, timezone.now())
        may = {"may_export": policy.may_start(user, EXPORT)}
        return staff_page(
            request,
            "pool/pools.html",
            round_,
            "名单库",
            form=form,
            lines=lines,
            proposals=_proposals(round_, lines, user),
            **may,
            **_preview(shown),
        )

    def confirm(self, request: HttpRequest, pk: int, upload: int) -> HttpResponse:
        """Import the file that was previewed (POST only)."""
        back = reverse("admin:round-pool", args=[pk])
        if request.method != "POST":
            return redirect(back)
        return perform(request, partial(confirm_upload, upload_id=upload), done="名单已导入。", back=back)

    def announce(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Announce a pool and open its objection period (POST only)."""
        back = reverse("admin:round-pool", args=[pk])
        if request.method != "POST" or kind not in PoolKind.values:
            return redirect(back)
        service = partial(notices.announce_pool, round_id=pk, kind=PoolKind(kind))
        return perform(request, service, done="名单人数已公告，异议期开始。", back=back)

    def objection(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record an objection."""
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
        return show_round_form(
            request,
            objection.notice.round,
            AnswerForm(request.POST or None),
            partial(approvals.start, "pool.answer", objection),
            title="处理异议",
            back=reverse("admin:round-pool", args=[objection.notice.round_id]),
        )

    def phone(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one phone in full; the reason is recorded."""
        user = account_of(request)
        policy.check(user, "pool.unmask")
        entry = get_object_or_404(PoolEntry.objects.select_related("round"), pk=pk)
        form, shown = ReasonForm(request.POST or None), None
        unmask = partial(unmask_phone, entry_id=pk, by=user, at=timezone.now())
        if form.is_valid():
            shown = attempt(form, partial(unmask, **form.cleaned_data))
        context = {"form": form, "shown": shown, "name": entry.name, "masked": entry.masked_phone}
        context["back"] = reverse("admin:evaluations_poolentry_changelist")
        return staff_page(request, "pool/phone.html", entry.round, "查看完整手机号", **context)

    def erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Erase a person at their own request: proposed by a clerk, approved by a chief."""
        entry, user = get_object_or_404(PoolEntry.objects.select_related("round"), pk=pk), account_of(request)
        if not policy.may_start(user, "privacy.handle"):
            raise policy.Denied(user, "privacy.handle")
        return show_round_form(
            request,
            entry.round,
            ReasonForm(request.POST or None),
            partial(approvals.start, "privacy.handle", entry),
            title=f"本人申请删除：{entry.name}",
            back=reverse("admin:evaluations_poolentry_changelist"),
        )

    def correct(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Correct a person's data at their own request: proposed by a clerk, approved by a chief."""
        entry, user = get_object_or_404(PoolEntry.objects.select_related("round"), pk=pk), account_of(request)
        if not policy.may_start(user, requests.HANDLE):
            raise policy.Denied(user, requests.HANDLE)
        form = CorrectionForm(request.POST or None, initial={"name": entry.name, "unit": entry.unit})

        def correct(*, reason: str, by: User, at: datetime, **_: object) -> object:
            changes = form.changes(entry)
            requests.refuse_correction(entry, changes)
            return approvals.start(
                requests.CORRECT, entry, by=by, at=at, changes=requests.packed(changes), reason=reason
            )

        back = reverse("admin:evaluations_poolentry_changelist")
        return show_round_form(request, entry.round, form, correct, title=f"更正本人信息：{entry.name}", back=back)

    def export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to export a pool; after approval, download it once."""
        round_, user, at = get_object_or_404(Round, pk=pk), account_of(request), timezone.now()
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
        service = partial(approvals.start, EXPORT, round_)
        return show_round_form(request, round_, form, service, title="提请导出名单", back=back)

    def take_out(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Exclude a person from the coming draw, or include them again."""
        return self._take_out(request, [get_object_or_404(PoolEntry.objects.select_related("round"), pk=pk)])

    def take_out_several(self, request: HttpRequest) -> HttpResponse:
        """Exclude the people chosen in the list, as one proposal."""
        ids = [parse_id(pk) for pk in request.GET.get("ids", "").split(",")[:MOST_CHOSEN]]
        chosen = list(PoolEntry.objects.select_related("round").filter(pk__in=[pk for pk in ids if pk]))
        if not chosen or len({entry.round_id for entry in chosen}) > 1:
            messages.error(request, "请选择同一轮次的人员。")
            return redirect("admin:evaluations_poolentry_changelist")
        return self._take_out(request, chosen)

    def _take_out(self, request: HttpRequest, chosen: list[PoolEntry]) -> HttpResponse:
        round_, user = chosen[0].round, account_of(request)
        if not policy.may_start(user, "pool.exclude"):
            raise policy.Denied(user, "pool.exclude")

        def exclude(*, reason: str, **given: Any) -> object:
            ids = [entry.pk for entry in chosen]
            return approvals.start("pool.exclude", round_, entries=ids, why=reason, **given)

        form = ExclusionForm(request.POST or None)
        who = f"{chosen[0].name} {chosen[0].masked_phone}" if len(chosen) == 1 else f"{len(chosen)}人"
        return show_round_form(request, round_, form, exclude, title=f"登记回避人员：{who}", back=round_page(round_.pk))


def _links(user: User) -> Callable[[Any], SafeString]:
    """Return a list column with the user's actions on a person; exclusion only before the commitment."""
    ways = [way for way in WAYS if policy.may_start(user, way[2])]

    @admin.display(description="办理")
    def links(entry: Any) -> SafeString:
        shown = [way for way in ways if way[0] != "exclude" or not entry.is_committed]
        return format_html_join(
            " ",
            '<a href="{}">{}</a>',
            ((reverse(f"admin:pool-{name}", args=[entry.pk]), label) for name, label, _ in shown),
        )

    return links


def _proposals(round_: Round, lines: list[PoolLine], user: User) -> list[approvals.Waiting]:
    objections = [objection for line in lines for objection in line.objections]
    return [*approvals.waiting_about(user, round_), *approvals.waiting_about(user, *objections)]


def _preview(shown: Any) -> dict[str, Any]:
    if shown is None:
        return {}
    upload, file = shown
    people = [(p.stratum, p.name, f"{p.phone[:3]}****{p.phone[-4:]}", p.unit, p.dealt_with) for p in file.people]
    return {
        "upload": upload,
        "sizes": file.sizes(),
        "total": len(people),
        "people": people[:PREVIEWED],
        "notes": file.notes,
        "excluded": file.excluded(),
    }
