"""问责事项 at the desk: cases with their measures and what is due."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from accountability.case_lifecycle.forms import LiftForm
from accountability.cases.admin import RoundFilter
from accountability.cases.forms import ReasonForm, RecordForm
from accountability.cases.models import Case, Measure
from accountability.cases.queries import pending_measures, read_tasks
from accountability.cases.rules.deadlines import URGENT, calendar_gaps
from accountability.cases.rules.measures import TALKS, WORKDAY_KINDS, CaseState, MeasureKind, MeasureState
from accountability.cases.services import may_record, record_measure, waive_measure
from accountability.promotion_freezes.models import PromotionFreeze
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin, account_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.inputs import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday

Service = Callable[[Form], object]
CASE_PAGE = "admin:accountability_case_change"


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """问责事项: the list opens on what is due; every act goes through one service."""

    order = 1
    see_action = "acc.view"
    list_display = ["section", "round", "rank", "state", "progress", "next_due"]
    list_filter = [("result__round", RoundFilter), "state"]
    search_fields = ["result__section__name", "result__section__department_name"]
    list_select_related = ["result__section", "result__round"]
    change_list_template = "admin/accountability/case/list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("measures").order_by("-opened_at", "result__rank", "pk")

    @admin.display(description="上榜科室")
    def section(self, case: Case) -> str:
        return str(case.result.section)

    @admin.display(description="轮次", ordering="result__round")
    def round(self, case: Case) -> str:
        return case.result.round.name

    @admin.display(description="位次", ordering="result__rank")
    def rank(self, case: Case) -> int | None:
        return case.result.rank

    @admin.display(description="已登记")
    def progress(self, case: Case) -> str:
        measures = case.measures.all()
        recorded = sum(measure.state != MeasureState.PENDING for measure in measures)
        return f"{recorded} / {len(measures)}"

    @admin.display(description="最近期限")
    def next_due(self, case: Case) -> Any:
        pending = (m.due_on for m in case.measures.all() if m.state == MeasureState.PENDING and m.due_on)
        return min(pending, default="—")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        tasks = read_tasks(pending_measures(), timezone.localdate()) if self.has_view_permission(request) else []
        urgent = [task for task in tasks if task.urgency in URGENT]
        context = {"tasks": urgent, "later": len(tasks) - len(urgent), **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the case with its measures and freeze; the buttons are those the role may press."""
        user = account_of(request)
        policy.check_sees(user, self.see_action)
        case = self._case_or_404(object_id)
        return self._page(request, "admin/accountability/case/page.html", str(case), _case_context(case, user))

    def get_urls(self) -> list[URLPattern]:
        def desk(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(view)
            return wrapped

        own = [
            path("<int:pk>/close/", desk(require_POST(self.close)), name="accountability_case_close"),
            path("measures/<int:pk>/record/", desk(self.record), name="accountability_measure_record"),
            path("measures/<int:pk>/waive/", desk(self.waive), name="accountability_measure_waive"),
            path("freezes/<int:pk>/lift/", desk(self.lift), name="accountability_freeze_lift"),
        ]
        return own + super().get_urls()

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """办结."""
        case = get_object_or_404(Case, pk=pk)
        try:
            started = approvals.start("case.close", case, by=account_of(request), at=timezone.now())
        except RuleViolation as refusal:
            for reason in refusal.reasons:
                messages.error(request, reason)
        else:
            messages.success(request, approvals.PROPOSED if started else "问责事项已办结。")
        return redirect(CASE_PAGE, pk)

    def record(self, request: HttpRequest, pk: int) -> HttpResponse:
        """登记办理."""
        measure = self._measure_or_404(request, pk)

        def submit(form: Form) -> object:
            by, at, typed = account_of(request), timezone.now(), form.cleaned_data
            if measure.kind == MeasureKind.FREEZE:
                asked = {**typed, "done_on": typed["done_on"].isoformat()}
                return approvals.start("freeze.record", measure, by=by, at=at, **asked) and approvals.PROPOSED
            return record_measure(measure_id=pk, by=by, at=at, **typed)

        return self._ask(
            request, RecordForm, f"登记办理：{measure}", {"case": measure.case, "measure": measure}, submit
        )

    def waive(self, request: HttpRequest, pk: int) -> HttpResponse:
        """标为不适用."""
        measure = self._measure_or_404(request, pk)

        def submit(form: Form) -> object:
            by, at, typed = account_of(request), timezone.now(), form.cleaned_data
            if measure.kind == MeasureKind.FREEZE:
                return approvals.start("freeze.waive", measure, by=by, at=at, **typed) and approvals.PROPOSED
            return waive_measure(measure_id=pk, by=by, at=at, **typed)

        return self._ask(
            request, ReasonForm, f"标为不适用：{measure}", {"case": measure.case, "measure": measure}, submit
        )

    def lift(self, request: HttpRequest, pk: int) -> HttpResponse:
        """解除影响期."""
        policy.check_sees(account_of(request), self.see_action)
        freeze = get_object_or_404(PromotionFreeze.objects.select_related("case__result__section"), pk=pk)

        def submit(form: Form) -> object:
            on, reason = form.cleaned_data["on"].isoformat(), form.cleaned_data["reason"]
            started = approvals.start(
                "freeze.lift", freeze, by=account_of(request), at=timezone.now(), on=on, reason=reason
            )
            return approvals.PROPOSED if started else None

        return self._ask(request, LiftForm, f"解除影响期：{freeze}", {"case": freeze.case, "freeze": freeze}, submit)

    def _ask(
        self, request: HttpRequest, form_class: type[Form], title: str, context: dict[str, Any], submit: Service
    ) -> HttpResponse:
        """Show a form, hand its input to the deed, say what came of it; what was typed is kept on refusal."""
        form = form_class(request.POST or None)
        if form.is_valid():
            try:
                said = submit(form)
            except RuleViolation as refusal:
                form.add_error(None, ValidationError(list(refusal.reasons)))
            else:
                messages.success(request, said if isinstance(said, str) else f"{title}，已保存。")
                return redirect(CASE_PAGE, context["case"].pk)
        return self._page(request, "admin/accountability/case/ask.html", title, {**context, "form": form})

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**site, "title": title, "opts": self.opts, **context})

    def _case_or_404(self, object_id: str) -> Case:
        cases = Case.objects.select_related("result__section", "result__round")
        return get_object_or_404(cases, pk=parse_id(object_id))

    def _measure_or_404(self, request: HttpRequest, pk: int) -> Measure:
        policy.check_sees(account_of(request), self.see_action)
        return get_object_or_404(Measure.objects.select_related("case__result__section"), pk=pk)


def _case_context(case: Case, user: User) -> dict[str, Any]:
    is_open = case.state == CaseState.OPEN
    pending = read_tasks(case.measures.pending(), timezone.localdate())
    urgency = {task.measure.pk: task.urgency for task in pending}
    freezes, measures = list(case.freezes.all()), list(case.measures.select_related("done_by"))
    proposals = [
        each
        for rows in ([case], measures, freezes)
        for each in approvals.waiting_about(user, *rows)  # one query each
    ]
    return {
        "case": case,
        "proposals": proposals,
        "rows": [
            {
                "measure": m,
                "urgency": urgency.get(m.pk),
                "may_record": is_open and m.pk in urgency and m.kind not in TALKS and may_record(user, m),
                "is_talk": m.kind in TALKS,
            }
            for m in measures
        ],
        "freezes": freezes,
        "gaps": _calendar_gaps(case),
        "may_close": is_open and approvals.may_start(user, "case.close", case),
        "may_change_head": is_open and policy.may(user, "acc.open"),
        "is_complete": not pending,
        "may_lift": _may_lift(user, case),
    }


def _may_lift(user: User, case: Case) -> bool:
    freeze = case.freezes.filter(lifted_on__isnull=True).first()
    return freeze is not None and approvals.may_start(user, "freeze.lift", freeze)


def _calendar_gaps(case: Case) -> list[int]:
    """Return the years whose holidays a term in working days would need and nobody has entered."""
    calendar = Holiday.objects.calendar()
    terms = case.measures.pending().filter(kind__in=WORKDAY_KINDS).values_list("due_on", flat=True)
    return sorted({year for due_on in terms for year in calendar_gaps(case.published_on, due_on, calendar)})
