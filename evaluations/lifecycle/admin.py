"""轮次 in the staff site: the round's page, its steps and its rulebook."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from evaluations.box_key.admin import BoxKeyPages
from evaluations.carry_over.admin import CarryPages
from evaluations.lifecycle.approvals import (
    SETTLE,
    STEP_SERVICES,
    UNFROZEN_GOES,
    UNFROZEN_STAYS,
    start_settlement,
    start_step,
    step_content,
)
from evaluations.lifecycle.forms import DecisionForm, ExtendForm, RulebookForm
from evaluations.lifecycle.pages import CONSEQUENCES, page_now, round_page
from evaluations.lifecycle.queries import unfreezing_faults
from evaluations.messages.admin import MessagePages
from evaluations.paper_ballots.admin.codes import CodePages
from evaluations.planning.admin import PlanningPages
from evaluations.publication.approvals import DECIDE
from evaluations.publication.queries import gate_faults
from evaluations.round_log.admin import LogPages
from evaluations.rounds.forms import DATES, RoundForm
from evaluations.rounds.models import Round
from evaluations.rounds.queries import earlier_round, has_result, rhythm_doubts, state_now, unusual_dates_of
from evaluations.rounds.rules.lifecycle import STEP_ACTION, WAITS_FOR_APPROVAL, RoundState, Step
from evaluations.rounds.rules.rulebook import rulebook_warnings
from evaluations.rounds.rules.settings import carried_over, terms_replaced
from evaluations.rounds.services import edit_round, edit_rulebook, plan_round
from evaluations.sample_audit.admin import SamplePages
from evaluations.sealing.admin import OpeningPages
from evaluations.service_records.admin.frame import FramePages
from evaluations.simulation.admin import SimulationPages
from evaluations.turnout.admin import MonitorPages
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, perform, submit
from nanchuan_eval.web.fields import ReasonForm
from nanchuan_eval.workspace.rules import Phase

SETTLING = "将评议方案（名称、时间和评议规则）按当前内容提请审定，审定后方可锁定名录；审定后有改动的，须重新提请。"

VOIDING = (
    "作废后本轮不再继续，全部记录保留；轮次代码（用于网址和票号计算）不能再用，另建轮次须用新的代码。",
    "名录或规则有误、抽取承诺尚未公布的，可以“解除锁定”更正后再次锁定，不必作废。",
)
UNFREEZING = (f"作废：{UNFROZEN_GOES}。", f"保留：{UNFROZEN_STAYS}。", "解除后本轮回到筹备，更正名录或规则后再次锁定。")


@admin.register(Round)
class RoundAdmin(
    PlanningPages,
    SimulationPages,
    SamplePages,
    OpeningPages,
    MonitorPages,
    CodePages,
    MessagePages,
    BoxKeyPages,
    CarryPages,
    LogPages,
    FramePages,
):
    """Admin of rounds (评议轮次): the steps of a round and their pages."""

    phase = Phase.PREPARING
    order = 0
    see_action = "round.open"
    edit_action = "round.edit"
    list_display = ["name", "key", "shown_state", "opens_at", "closes_at", "is_demo"]
    form = RoundForm
    fields = ["key", "name", *DATES]
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

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        asks = self.has_change_permission(request, obj)
        return [*self.fields, "dates_confirmed"] if asks else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["key"] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        by, at, confirmed = account_of(request), clock.now(), form.cleaned_data["dates_confirmed"] or ()
        if change:
            changed = [name for name in form.changed_data if name != "dates_confirmed"]
            edit_round(round_=obj, changed=changed, confirmed=confirmed, by=by, at=at)
        else:
            plan_round(round_=obj, confirmed=confirmed, by=by, at=at)

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
            context |= {
                "page": round_page(obj, account_of(request), clock.now()),
                "round": obj,
                "title": str(obj),
                "proposals": [],
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("now/<slug:name>/", wrap(self.now), name="round-now"),
            path("<int:pk>/step/<str:step>/", wrap(self.step), name="round-step"),
            path("<int:pk>/settle/", wrap(self.settle), name="round-settle"),
            path("<int:pk>/carry/", wrap(self.carry), name="round-carry"),
            path("<int:pk>/rulebook/", wrap(self.rulebook), name="round-rulebook"),
            path("<int:pk>/simulation/", wrap(self.simulation), name="round-simulation"),
            path("<int:pk>/simulation/rulebook.json", wrap(self.simulation_rulebook), name="round-simulation-rulebook"),
            path("<int:pk>/log/", wrap(self.log), name="round-log"),
            path("<int:pk>/log.xlsx", wrap(self.log_export), name="round-log-export"),
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
            path("<int:pk>/codes/together/", wrap(self.codes_together), name="round-codes-together"),
            path("<int:pk>/import-codes/", wrap(self.import_codes), name="round-import-codes"),
            path("<int:pk>/extend/", wrap(self.extend), name="round-extend"),
            path("<int:pk>/decide/", wrap(self.decide), name="round-decide"),
            path("<int:pk>/unfreeze/", wrap(self.unfreeze), name="round-unfreeze"),
            path("<int:pk>/void/", wrap(self.void), name="round-void"),
            *super().get_urls(),
        ]

    def now(self, request: HttpRequest, name: str) -> HttpResponse:
        """Redirect to a page of the newest round that has it (本轮)."""
        address = page_now(name)
        if not address:
            messages.info(request, "目前没有轮次处于办理这一事项的阶段，各轮次的进程见“评议轮次”。")
        return redirect(address or "home")

    def step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Show the consequences of a step (GET); take it (POST)."""
        if step not in Step.values or Step(step) not in STEP_SERVICES:
            return redirect(_page(pk))
        if request.method != "POST":
            round_ = get_object_or_404(Round, pk=pk)
            policy.check_may_start(account_of(request), STEP_ACTION[Step(step)])
            proposed = step_content(Step(step), round_, clock.now())
            shown: dict[str, Any] = {
                "warning": CONSEQUENCES[Step(step)] + ("" if step == Step.FREEZE else "办理后不能撤销。"),
                "proposed": proposed,
            }
            proposal = approvals.Start(f"round.{step}", round_)
            return self._page(request, round_, Form(), Step(step).label, proposal=proposal, **shown)
        service = partial(start_step, step=Step(step), round_id=pk)
        return perform(request, service, done=f"已完成：{Step(step).label}。", back=_page(pk))

    def settle(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose the round's name, dates and rules for approval as they are (审定评议方案)."""
        round_, user = get_object_or_404(Round, pk=pk), account_of(request)
        if not policy.may_start(user, "round.edit"):
            raise policy.Denied(user, "round.edit")
        if request.method != "POST":
            shown: dict[str, Any] = {
                "notes": [SETTLING],
                "warnings": unusual_dates_of(round_, timezone.localdate(clock.now())),
            }
            proposal = approvals.Start(SETTLE, round_)
            return self._page(request, round_, Form(), "提请审定评议方案", proposal=proposal, **shown)
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
            messages.error(request, WAITS_FOR_APPROVAL)
            return redirect(_page(pk))
        form = RulebookForm(request.POST or None, rulebook=round_.rulebook, is_frozen=is_frozen)

        def edit(*, by: User, at: datetime, **_: object) -> object:
            return edit_rulebook(round_id=pk, rulebook=form.changed_rulebook(), by=by, at=at)

        page = partial(self._page, request, round_, form, "评议规则", is_frozen=is_frozen)
        saved = submit(request, form, edit, back=_page(pk), done="评议规则已保存。")
        if saved:
            _, followed = carried_over(round_.rulebook, form.changed_rulebook()["method"])
            now = form.changed_rulebook()
            followed = [*followed, *terms_replaced(round_.rulebook, now["rhythm"])]
            round_.rulebook = now
            for warning in [*followed, *rulebook_warnings(now), *rhythm_doubts(round_)]:
                messages.warning(request, warning)
        shown: dict[str, Any] = {
            "may_carry": not is_frozen and earlier_round(round_) is not None,
            "warnings": [*rulebook_warnings(round_.rulebook), *rhythm_doubts(round_)],
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
        tally = round_.tally
        done = submit(request, form, partial(approvals.propose, DECIDE, tally), back=_page(pk), done="")
        proposal = approvals.Start(DECIDE, tally)
        return done or self._page(request, round_, form, "提请决定公示", warnings=faults, proposal=proposal)

    def extend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Postpone the closing time."""
        return self._with_reason(request, pk, ExtendForm(request.POST or None), "round.extend")

    def void(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Declare the round void."""
        return self._with_reason(request, pk, ReasonForm(request.POST or None), "round.void", notes=VOIDING)

    def unfreeze(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Release the frozen roster, so that it can be corrected and frozen again."""
        faults = unfreezing_faults(get_object_or_404(Round, pk=pk))
        return self._with_reason(
            request, pk, ReasonForm(request.POST or None), "round.unfreeze", notes=UNFREEZING, warnings=faults
        )

    def _with_reason(self, request: HttpRequest, pk: int, form: Any, action: str, **shown: Any) -> HttpResponse:
        round_, title = get_object_or_404(Round, pk=pk), policy.action_name(action)
        policy.check_may_start(account_of(request), action)
        service = approvals.Start(action, round_)
        done = submit(request, form, service, back=_page(pk), done=f"已完成：{title}。")
        return done or self._page(request, round_, form, title, proposal=service, **shown)

    def _page(
        self,
        request: HttpRequest,
        round_: Round,
        form: Any,
        title: str,
        *,
        proposal: approvals.Start | None = None,
        **extra: Any,
    ) -> HttpResponse:
        """Render a form; `proposal` = what it proposes: where that waits already, it is shown instead."""
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "round": round_,
            "title": title,
            "waits": approvals.waiting_instead(account_of(request), proposal) if proposal else (),
            "follows": approvals.what_follows(proposal),
            **extra,
        }
        return render(request, "admin/evaluations/round/act.html", context)


def _page(pk: int) -> str:
    return reverse("admin:evaluations_round_change", args=[pk])
