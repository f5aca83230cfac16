"""往期上榜名单 in the admin: the earlier rounds and their listings, to look at; they are imported as lists."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from accountability.history.models import EarlierListing, EarlierRound
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.workspace.rules import Phase


class EarlierListingInline(admin.TabularInline[EarlierListing, EarlierRound]):
    """The listed sections of a round, as published, with the sections they count for."""

    model = EarlierListing
    fields = ("rank", "department_name", "section_name", "problems", "counts_for")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[EarlierListing]:
        return super().get_queryset(request).select_related("section__department")

    @admin.display(description="对应现名录科室")
    def counts_for(self, listing: EarlierListing) -> str:
        section = listing.section
        return f"{section.code} {section.department.name}{section.name}" if section else "无，不计入历次情况"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return policy.may_see(account_of(request), "roster.view")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(EarlierRound)
class EarlierRoundAdmin(ReadOnlyAdmin):
    """Read-only earlier rounds."""

    phase = Phase.PREPARING
    order = 9
    see_action = "roster.view"
    list_display = ["key", "name", "period_start", "listed", "without_section"]
    inlines = [EarlierListingInline]
    change_list_template = "admin/accountability/earlierround/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[EarlierRound]:
        numbers = {"listed": Count("listings"), "counted": Count("listings__section")}
        rounds: QuerySet[EarlierRound] = super().get_queryset(request).annotate(**numbers)
        return rounds

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = policy.may_start(account_of(request), "roster.import")
        return super().changelist_view(request, {"may_import": may, **(extra_context or {})})

    @admin.display(description="上榜科室", ordering="listed")
    def listed(self, round_: Any) -> int:
        return int(round_.listed)

    @admin.display(description="其中不计入历次情况")
    def without_section(self, round_: Any) -> int:
        return int(round_.listed - round_.counted)
