"""Admin pages of cases (问责事项) and promotion freezes (影响期)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from accountability.case_lifecycle.forms import LiftForm, RecordForm, WaiverForm
from accountability.case_lifecycle.pages import case_context, next_due
from accountability.cases.models import Case, Measure, cancelled
from accountability.cases.rules.measures import CANCELLED, CaseState, MeasureKind, MeasureState, record_action
from accountability.cases.services import may_record, record_measure, refuse_over, waiver_of
from accountability.promotion_freezes.models import PromotionFreeze
from evaluations.tally.models import by_place
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, perform, shown_instead, submit
from nanchuan_eval.workspace.rules import Phase

CASE_PAGE = "admin:accountability_case_change"


class RoundFilter(admin.RelatedFieldListFilter):
    """Filter by round, titled 轮次."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "轮次"


class StandingFilter(admin.SimpleListFilter):
    """Filter by how cases stand: in work, closed, or cancelled by a correction of the list."""

    title = "状态"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*CaseState.choices, ("cancelled", CANCELLED)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        if chosen == "cancelled":
            return queryset.filter(cancelled())
        return queryset.filter(state=chosen).exclude(cancelled()) if chosen in CaseState.values else queryset


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """问责事项: the list starts with urgent measures; actions are on the page of a case."""

    phase = Phase.FOLLOWING
    order = 1
    when_empty = "公示时，系统为每个上榜科室建立问责事项。"
    see_action = "acc.view"
    list_display = ["section", "round", "rank", "standing", "progress"]
    list_filter = [("result__round", RoundFilter), StandingFilter]
    search_fields = ["result__section__name", "result__section__department_name", "head_name"]
    search_by_key = True
    list_select_related = ["result__section", "result__round"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("measures").order_by("-opened_at", *by_place("result__"))

    @admin.display(description="上榜科室")
    def section(self, case: Case) -> str:
        return str(case.result.section)

    @admin.display(description="轮次", ordering="result__round")
    def round(self, case: Case) -> str:
        return case.result.round.name

    @admin.display(description="位次", ordering="result__rank")
    def rank(self, case: Case) -> int | None:
        return case.result.rank

    @admin.display(description="状态", ordering="state")
    def standing(self, case: Case) -> str:
        return case.standing

    @admin.display(description="已登记")
    def progress(self, case: Case) -> str:
        if case.is_cancelled:
            return "不再办理"
        measures = case.measures.all()
        recorded = sum(measure.state != MeasureState.PENDING for measure in measures)
        return f"{recorded} / {len(measures)}"

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), next_due(request)]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the case with its measures, freezes and permitted actions."""
        user = account_of(request)
        policy.check_sees(user, self.see_action)
        case = self._case_or_404(object_id)
        return self._page(request, "admin/accountability/case/page.html", str(case), case_context(case, user))

    def get_urls(self) -> list[URLPattern]:
        def protected(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(view)
            return wrapped

        own = [
            path("<int:pk>/close/", protected(require_POST(self.close)), name="accountability_case_close"),
            path("measures/<int:pk>/record/", protected(self.record), name="accountability_measure_record"),
            path("measures/<int:pk>/waive/", protected(self.waive), name="accountability_measure_waive"),
            path("freezes/<int:pk>/lift/", protected(self.lift), name="accountability_freeze_lift"),
        ]
        return own + super().get_urls()

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close the case (办结)."""
        case = get_object_or_404(Case, pk=pk)
        service = approvals.Start("case.close", case)
        return perform(request, service, back=reverse(CASE_PAGE, args=[pk]), done="问责事项已办结。")

    def record(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record a measure (登记办理)."""
        measure = self._recordable_or_404(request, pk)
        is_freeze = measure.kind == MeasureKind.FREEZE
        propose, record = approvals.Start("freeze.record", measure), partial(record_measure, measure_id=pk)
        context = {"case": measure.case, "measure": measure}
        form = RecordForm(request.POST or None, kind=MeasureKind(measure.kind))
        return self._ask(request, form, f"登记办理：{measure}", context, propose if is_freeze else record)

    def waive(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mark a measure as not applicable (标为不适用)."""
        measure = self._measure_or_404(request, pk)
        approvals.check_may_start(account_of(request), waiver_of(measure), measure)
        context = {"case": measure.case, "measure": measure}
        form = WaiverForm(request.POST or None, kind=MeasureKind(measure.kind))
        service = approvals.Start(waiver_of(measure), measure)
        return self._ask(request, form, f"标为不适用：{measure}", context, service)

    def lift(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lift a freeze (解除影响期)."""
        policy.check_sees(account_of(request), self.see_action)
        freeze = get_object_or_404(PromotionFreeze.objects.select_related("case__result__section"), pk=pk)
        approvals.check_may_start(account_of(request), "freeze.lift", freeze)
        service = approvals.Start("freeze.lift", freeze)
        form, context = LiftForm(request.POST or None), {"case": freeze.case, "freeze": freeze}
        return self._ask(request, form, f"解除影响期：{freeze}", context, service)

    def _ask(
        self,
        request: HttpRequest,
        form: forms.Form,
        title: str,
        context: dict[str, Any],
        service: Callable[..., object],
    ) -> HttpResponse:
        """Show a form until the service accepts it; a refusal keeps the input."""
        back = reverse(CASE_PAGE, args=[context["case"].pk])
        if submitted := submit(request, form, service, back=back, done=f"{title}，已保存。"):
            return submitted
        refuses = partial(refuse_over, context["measure"]) if "measure" in context else None
        is_proposal = isinstance(service, approvals.Start) and service.is_proposal
        context = {**context, "button": "提请" if is_proposal else "保存"}
        shown = {**context, "form": form, **shown_instead(request, service, refuses)}
        return self._page(request, "admin/accountability/case/ask.html", title, shown)

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**site, "title": title, "opts": self.opts, **context})

    def _case_or_404(self, object_id: str) -> Case:
        cases = Case.objects.select_related("result__section", "result__round")
        return get_object_or_404(cases, pk=parse_id(object_id))

    def _measure_or_404(self, request: HttpRequest, pk: int) -> Measure:
        policy.check_sees(account_of(request), self.see_action)
        return get_object_or_404(Measure.objects.select_related("case__result__section"), pk=pk)

    def _recordable_or_404(self, request: HttpRequest, pk: int) -> Measure:
        user, measure = account_of(request), self._measure_or_404(request, pk)
        if not may_record(user, measure):
            raise policy.Denied(user, record_action(MeasureKind(measure.kind)))
        return measure


@admin.register(PromotionFreeze)
class PromotionFreezeAdmin(ReadOnlyAdmin):
    """Register of promotion freezes (影响期登记), read-only."""

    phase = Phase.FOLLOWING
    order = 2
    see_action = "acc.view"
    list_display = ["name", "post", "starts_on", "ends_on", "lifted_on", "lift_reason"]
    list_filter = [("case__result__round", RoundFilter)]
    search_fields = ["person_name", "post"]
    search_by_key = True

    @admin.display(description="姓名", ordering="person_name")
    def name(self, freeze: PromotionFreeze) -> str:
        return freeze.person_name or "（姓名未登记）"
