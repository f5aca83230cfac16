"""轮次 in the staff site: the round's page, its steps and its rulebook."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters

from evaluations.box_key.admin import BoxKeyPages
from evaluations.lifecycle.approvals import STEP_SERVICES, start_settlement, start_step
from evaluations.lifecycle.forms import DecisionForm, ExtendForm, RulebookForm
from evaluations.lifecycle.pages import CONSEQUENCES, round_page
from evaluations.paper_ballots.admin.codes import CodePages
from evaluations.planning.admin import PlanningPages
from evaluations.publication.approvals import DECIDE
from evaluations.publication.queries import gate_faults
from evaluations.rounds.models import Round
from evaluations.rounds.queries import earlier_round, has_result, state_now
from evaluations.rounds.rules.lifecycle import STEP_ACTION, RoundState, Step
from evaluations.rounds.rules.rulebook import rulebook_warnings
from evaluations.rounds.rules.settings import carried_over
from evaluations.rounds.services import edit_round, edit_rulebook, plan_round
from evaluations.sample_audit.admin import SamplePages
from evaluations.sealing.admin import OpeningPages
from evaluations.simulation.admin import SimulationPages
from evaluations.turnout.admin import MonitorPages
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, perform, submit
from nanchuan_eval.web.fields import ReasonForm

SETTLING = "将评议方案（名称、时间和评议规则）按当前内容提请审定，审定后方可锁定名录；审定后有改动的，须重新提请。"


@admin.register(Round)
class RoundAdmin(PlanningPages, SimulationPages, SamplePages, OpeningPages, MonitorPages, CodePages, BoxKeyPages):
    """Admin of rounds (评议轮次): the steps of a round and their pages."""

    order = 1
    see_action = "round.open"
    edit_action = "round.edit"
    list_display = ["name", "key", "shown_state", "opens_at", "closes_at", "is_demo"]
    fields = ["key", "name", "period_start", "period_end", "opens_at", "closes_at"]
    change_form_template = "admin/evaluations/round/change_form.html"

    @admin.display(description="状态", ordering="state")
    def shown_state(self, round_: Round) -> str:
        return state_now(round_, clock.now())

    def is_proposed(self) -> bool:
        """A draft is saved at once; what needs approval is the whole plan (审定评议方案)."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_draft = obj is None or obj.state == RoundState.DRAFT
        return is_draft and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["key"] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            edit_round(round_=obj, changed=form.changed_data, by=account_of(request), at=clock.now())
        else:
            plan_round(round_=obj, by=account_of(request), at=clock.now())

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return redirect(_page(obj.pk))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj:
            context |= {"page": round_page(obj, account_of(request), clock.now()), "round": obj, "title": str(obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/step/<str:step>/", wrap(self.step), name="round-step"),
            path("<int:pk>/settle/", wrap(self.settle), name="round-settle"),
            path("<int:pk>/rulebook/", wrap(self.rulebook), name="round-rulebook"),
            path("<int:pk>/simulation/", wrap(self.simulation), name="round-simulation"),
            path("<int:pk>/simulation/rulebook.json", wrap(self.simulation_rulebook), name="round-simulation-rulebook"),
            path("<int:pk>/monitor/", wrap(self.monitor), name="round-monitor"),
            path("alert/<int:pk>/", wrap(self.review_alert), name="alert-review"),
            path("<int:pk>/remind/", wrap(self.remind), name="round-remind"),
            path("<int:pk>/labels/", wrap(self.labels), name="round-labels"),
            path("<int:pk>/seal-record.pdf", wrap(self.seal_record), name="round-seal-record"),
            path("<int:pk>/opening/", wrap(sensitive_post_parameters()(self.opening)), name="round-opening"),
            path("<int:pk>/permit/<str:permit>/", wrap(self.permit), name="round-permit"),
            path(
                "<int:pk>/opening-record/",
                wrap(sensitive_post_parameters()(self.opening_record)),
                name="round-opening-record",
            ),
            path("<int:pk>/opening-record.pdf", wrap(self.opening_record_pdf), name="round-opening-record-pdf"),
            path("<int:pk>/batches/", wrap(self.batches), name="round-batches"),
            path("<int:pk>/codes/", wrap(self.codes), name="round-codes"),
            path("<int:pk>/import-codes/", wrap(self.import_codes), name="round-import-codes"),
            path("<int:pk>/extend/", wrap(self.extend), name="round-extend"),
            path("<int:pk>/decide/", wrap(self.decide), name="round-decide"),
            path("<int:pk>/void/", wrap(self.void), name="round-void"),
            *super().get_urls(),
        ]

    def step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Show the consequences of a step (GET); take it (POST)."""
        if step not in Step.values or Step(step) not in STEP_SERVICES:
            return redirect(_page(pk))
        if request.method != "POST":
            round_ = get_object_or_404(Round, pk=pk)
            policy.check_may_start(account_of(request), STEP_ACTION[Step(step)])
            return self._page(request, round_, Form(), Step(step).label, warning=CONSEQUENCES[Step(step)])
        service = partial(start_step, step=Step(step), round_id=pk)
        return perform(request, service, done=f"已完成：{Step(step).label}。", back=_page(pk))

    def settle(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose the round's name, dates and rules for approval as they are (审定评议方案)."""
        round_, user = get_object_or_404(Round, pk=pk), account_of(request)
        if not policy.may_start(user, "round.edit"):
            raise policy.Denied(user, "round.edit")
        if request.method != "POST":
            return self._page(request, round_, Form(), "提请审定评议方案", note=SETTLING)
        return perform(request, partial(start_settlement, round_id=pk), done="评议方案已审定。", back=_page(pk))

    def rulebook(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Edit the rulebook while the round is in preparation; read it afterwards."""
        round_ = get_object_or_404(Round, pk=pk)
        user = account_of(request)
        policy.check_sees(user, self.see_action)
        if request.method == "POST" and not policy.may_start(user, "round.edit"):
            raise policy.Denied(user, "round.edit")
        request.waits = approvals.waiting_about(user, round_)  # type: ignore[attr-defined]  # for has_change_permission
        is_frozen = not self.has_change_permission(request, round_)
        if request.method == "POST" and request.waits:  # type: ignore[attr-defined]
            messages.error(request, "评议方案已提请审批，审批前不能修改。")
            return redirect(_page(pk))
        earlier = None if is_frozen else earlier_round(round_)
        is_carried = earlier is not None and "earlier" in request.GET
        rulebook, differences = round_.rulebook, list[str]()
        if earlier and is_carried:
            rulebook, differences = carried_over(earlier.rulebook, round_.rulebook["method"])
        form = RulebookForm(request.POST or None, rulebook=rulebook, is_frozen=is_frozen)

        def edit(*, by: User, at: datetime, **_: object) -> object:
            return edit_rulebook(round_id=pk, rulebook=form.changed_rulebook(), by=by, at=at)

        page = partial(self._page, request, round_, form, "评议规则", is_frozen=is_frozen)
        saved = submit(request, form, edit, back=_page(pk), done="评议规则已保存。")
        if saved:
            _, followed = carried_over(round_.rulebook, form.changed_rulebook()["method"])
            for warning in [*followed, *rulebook_warnings(form.changed_rulebook())]:
                messages.warning(request, warning)
        shown = {
            "earlier": earlier,
            "is_carried": is_carried,
            "differences": differences,
            "warnings": rulebook_warnings(rulebook),
        }
        return saved or page(groups=list(form.groups()), **shown)

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to publish although too few sections are ranked; another person always has to approve."""
        round_, user = get_object_or_404(Round, pk=pk), account_of(request)
        if not policy.may_propose(user, "publish.approve"):
            raise policy.Denied(user, "publish.approve")
        faults = gate_faults(round_) if has_result(round_) else []
        if not faults:
            return redirect(_page(pk))
        form = DecisionForm(request.POST or None)
        done = submit(request, form, partial(approvals.propose, DECIDE, round_.tally), back=_page(pk), done="")
        return done or self._page(request, round_, form, "提请决定公示", warnings=faults)

    def extend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Postpone the closing time."""
        return self._with_reason(request, pk, ExtendForm(request.POST or None), "round.extend")

    def void(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Declare the round void."""
        return self._with_reason(request, pk, ReasonForm(request.POST or None), "round.void")

    def _with_reason(self, request: HttpRequest, pk: int, form: Any, action: str) -> HttpResponse:
        round_, title = get_object_or_404(Round, pk=pk), policy.action_name(action)
        policy.check_may_start(account_of(request), action)
        service = partial(approvals.start, action, round_)
        done = submit(request, form, service, back=_page(pk), done=f"已完成：{title}。")
        return done or self._page(request, round_, form, title)

    def _page(self, request: HttpRequest, round_: Round, form: Any, title: str, **extra: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "round": round_,
            "title": title,
            **extra,
        }
        return render(request, "admin/evaluations/round/act.html", context)


def _page(pk: int) -> str:
    return reverse("admin:evaluations_round_change", args=[pk])
