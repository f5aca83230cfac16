"""Pages of the staff site that plan a round in preparation (评议计划), mixed into the admin of rounds."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from evaluations.planning.forms import PlanForm
from evaluations.planning.pages import PlanPage, plan_page
from evaluations.planning.queries import Grounds, grounds, known_clients
from evaluations.planning.rules.differences import differences
from evaluations.planning.rules.inputs import InputError
from evaluations.planning.rules.plan import adopted
from evaluations.planning.services import adopt_plan, digest_of
from evaluations.planning.workbooks import plan_workbook
from evaluations.rounds.admin_pages import staff_page
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import WAITS_FOR_APPROVAL, RoundState
from evaluations.scoring.method import RulebookError
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, perform
from nanchuan_eval.web.downloads import download

SEE, EDIT = "round.open", "round.edit"
RULEBOOK = "admin:round-rulebook"


class PlanningPages(PolicyAdmin):
    """The plan of a round in preparation, its workbook, and taking it over into the rulebook."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/plan/", wrap(self.plan), name="round-plan"),
            path("<int:pk>/plan/adopt/", wrap(self.adopt), name="round-plan-adopt"),
            *super().get_urls(),
        ]

    def plan(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the plan for what was entered, as a page or as a workbook; nothing is stored."""
        policy.check_sees(account_of(request), SEE)
        round_, found = _grounds(pk)
        form = PlanForm(request.POST or None, names=found.names, clients=known_clients(round_, found.names))
        page = _try_plan(form, found)
        if page and "workbook" in request.POST:
            return download(plan_workbook(page.report, str(round_)), f"plan-{round_.key}.xlsx")
        may_adopt = policy.may_start(account_of(request), EDIT)
        return staff_page(request, "round/plan.html", round_, "评议计划", form=form, page=page, may_adopt=may_adopt)

    def adopt(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the plan would change in the rulebook, then change it (POST only)."""
        policy.check_may_start(account_of(request), EDIT)
        back = reverse("admin:round-plan", args=[pk])
        if request.method != "POST":
            return redirect(back)
        round_, found = _grounds(pk)
        if approvals.waiting_about(account_of(request), round_):
            messages.error(request, WAITS_FOR_APPROVAL)
            return redirect(back)
        form = PlanForm(request.POST, names=found.names, clients={})
        page = _try_plan(form, found)
        if page is None:
            return staff_page(request, "round/plan.html", round_, "评议计划", form=form, page=None, may_adopt=True)
        if "confirm" in request.POST:
            service = partial(adopt_plan, round_id=pk, inputs=form.inputs, seen=request.POST.get("seen", ""))
            return perform(request, service, done="评议计划已采用到评议规则。", back=reverse(RULEBOOK, args=[pk]))
        changed = differences(round_.rulebook, adopted(round_.rulebook, page.report.plan))
        context = {"differences": changed, "seen": digest_of(changed), "takes_two": policy.requires_approval(EDIT)}
        return staff_page(request, "round/plan_adopt.html", round_, "采用评议计划", form=form, back=back, **context)


def _grounds(pk: int) -> tuple[Round, Grounds]:
    round_ = get_object_or_404(Round, pk=pk, state=RoundState.DRAFT)
    return round_, grounds(round_)


def _try_plan(form: PlanForm, found: Grounds) -> PlanPage | None:
    """Return the plan, or None with the reasons in the form."""
    if form.is_bound and not form.is_valid():
        return None
    try:
        return plan_page(found, form.inputs)
    except (RulebookError, InputError) as error:
        form.reasons = str(error).splitlines()
        return None
