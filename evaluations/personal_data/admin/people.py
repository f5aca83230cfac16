"""Staff pages about one person in a pool: phone, correction, erasure, exclusion."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from evaluations.personal_data.services import requests
from evaluations.personal_data.services.people import unmask_phone
from evaluations.pools.approvals import described
from evaluations.pools.forms import CorrectionForm, ExclusionForm
from evaluations.pools.models import PoolEntry
from evaluations.rounds.admin_pages import round_page, show_round_form, staff_page
from nanchuan_eval.accounts.sessions import accept_form
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.fields import ReasonForm

# Most people in one list of exclusions: as many as a page of the list shows.
MOST_CHOSEN = 100
# Actions on one person: page, link text, permission.
WAYS = (
    ("exclude", "回避", "pool.exclude"),
    ("phone", "完整手机号", "pool.unmask"),
    ("correct", "更正", requests.HANDLE),
    ("erase", "申请删除", "privacy.handle"),
)


class PersonPages(ReadOnlyAdmin):
    """Pages about one person in a pool."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/phone/", wrap(never_cache(self.phone)), name="pool-phone"),
            path("<int:pk>/correct/", wrap(never_cache(self.correct)), name="pool-correct"),
            path("<int:pk>/erase/", wrap(self.erase), name="pool-erase"),
            path("<int:pk>/exclude/", wrap(self.take_out), name="pool-exclude"),
            path("exclude/", wrap(self.take_out_several), name="pool-exclude-several"),
            *super().get_urls(),
        ]

    def phone(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one phone in full; the reason is recorded."""
        user = account_of(request)
        policy.check(user, "pool.unmask")
        entry = get_object_or_404(PoolEntry.objects.select_related("round"), pk=pk)
        form, shown = ReasonForm(request.POST or None), None
        unmask = partial(unmask_phone, entry_id=pk, by=user, at=clock.now())
        if form.is_valid():
            shown = attempt(form, partial(unmask, **form.cleaned_data))
        if shown:
            accept_form(request)
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
            approvals.Start("privacy.handle", entry),
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

        form = ExclusionForm(request.POST or None, people=[described(entry) for entry in chosen])
        who = f"{chosen[0].name} {chosen[0].masked_phone}" if len(chosen) == 1 else f"{len(chosen)}人"
        return show_round_form(request, round_, form, exclude, title=f"登记回避人员：{who}", back=round_page(round_.pk))


def action_links(user: User) -> Callable[[Any], SafeString]:
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
