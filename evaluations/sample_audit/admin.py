"""抽样核对 on the staff site: plan, dice, keying of the drawn sheets, differences, signatures, record."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import VoteErrors, validate_vote
from evaluations.paper_ballots.pages.keying import keyed_rows, keying_words
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION, COUNTED
from evaluations.rounds.rules.rulebook import wants_sample_audit
from evaluations.sample_audit.documents import sample_record_pdf
from evaluations.sample_audit.forms import DiceForm, ExplanationForm, MissingForm
from evaluations.sample_audit.models import SampleBallot
from evaluations.sample_audit.queries.record import sample_page
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.sample_audit.services.comparison import EXPLAIN_DIFFERENCE, compare_sheet, sign_audit
from evaluations.sample_audit.services.drawing import draw_ballots, plan_audit
from evaluations.sample_audit.services.holds import COMPARE, EXPLAIN
from evaluations.sealing.forms import SigningForm
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, perform
from nanchuan_eval.web.downloads import download


class SamplePages(PolicyAdmin):
    """Pages of a round's sample audit, mixed into the admin of rounds."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/sample/", wrap(sensitive_post_parameters()(self.sample)), name="round-sample"),
            path("<int:pk>/sample/plan/", wrap(self.sample_plan), name="round-sample-plan"),
            path("<int:pk>/sample/draw/", wrap(self.sample_draw), name="round-sample-draw"),
            path("<int:pk>/sample-record.pdf", wrap(self.sample_record), name="round-sample-record"),
            path("sample-ballot/<int:pk>/", wrap(self.sample_sheet), name="sample-sheet"),
            path("sample-ballot/<int:pk>/explain/", wrap(self.sample_explain), name="sample-explain"),
            *super().get_urls(),
        ]

    def sample(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how far the audit is; sign its record with a supervisor's code (POST)."""
        round_, user = _round(request, pk), account_of(request)
        form = SigningForm(request.POST or None)
        sign = partial(sign_audit, round_id=pk, at=clock.now())
        if form.is_valid() and attempt(form, lambda: sign(**form.cleaned_data)):
            messages.success(request, "已签名。")
            return redirect(_address(round_))
        page, is_running = sample_page(round_), round_.state in BEFORE_PUBLICATION
        answer = staff_page(
            request,
            "round/sample.html",
            round_,
            "抽样核对",
            page=page,
            form=form,
            may_compare=is_running and policy.may(user, COMPARE),
            may_explain=is_running and policy.may_start(user, EXPLAIN),
            may_sign=is_running and page.audit is not None and bool(page.audit.seed) and not page.open,
        )
        answer["Cache-Control"] = "no-store"
        return answer

    def sample_plan(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Freeze the plan (POST)."""
        if request.method == "POST":
            policy.check_may_start(account_of(request), COMPARE)
        round_ = _round(request, pk)
        if request.method != "POST":
            return redirect(_address(round_))
        done = "核对方案已确定。请监督员当场掷骰子，再抽取评议票。"
        return perform(request, partial(plan_audit, round_id=pk), back=_address(round_), done=done)

    def sample_draw(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Enter the dice and draw."""
        policy.check_may_start(account_of(request), COMPARE)
        round_ = _round(request, pk)
        service = partial(draw_ballots, round_id=pk)
        form = DiceForm(request.POST or None)
        return show_round_form(request, round_, form, service, title="抽取核对的评议票", back=_address(round_))

    def sample_sheet(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Key a drawn sheet as the supervisors read it; what was counted is not shown before."""
        row = get_object_or_404(
            SampleBallot.objects.select_related("audit__tally__round", "sheet__batch", "ballot"),
            pk=pk,
            sheet__isnull=False,
        )
        round_ = _round(request, row.audit.tally.round_id)
        policy.check_may_start(account_of(request), COMPARE)
        if row.outcome != Outcome.OPEN:
            messages.error(request, f"核对序号{row.number}已经核对：{row.get_outcome_display()}。")
            return redirect(_address(round_))
        form = MissingForm(request.POST or None)
        ballot_form = ballot_form_by_digest(round_.ballot_form_sha256)
        rows, lines = keyed_rows(ballot_form, request.POST)
        if form.is_valid() and request.method == "POST":
            faults = [f"{each.section.name}：{each.error}" for each in rows if each.error]
            read = None if faults else _read(form, round_, row, lines, faults)
            service = partial(compare_sheet, row_id=pk, read=read, by=account_of(request), at=clock.now())
            compared = None if faults else attempt(form, service)
            if compared:
                tell = messages.success if compared.outcome == Outcome.EQUAL else messages.error
                tell(request, f"核对序号{row.number}：{compared.get_outcome_display()}。")
                return redirect(_address(round_))
            for fault in faults:
                form.add_error(None, fault)
        title = f"核对序号{row.number}"
        context = {"row": row, "form": form, "rows": rows, **keying_words(ballot_form)}
        answer = staff_page(request, "round/sample_sheet.html", round_, title, **context)
        answer["Cache-Control"] = "no-store"
        return answer

    def sample_explain(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose what was found out about a difference."""
        row = get_object_or_404(SampleBallot.objects.select_related("audit__tally__round"), pk=pk)
        round_ = _round(request, row.audit.tally.round_id)
        approvals.check_may_start(account_of(request), EXPLAIN_DIFFERENCE.name, row)
        service = approvals.Start(EXPLAIN_DIFFERENCE.name, row)
        form = ExplanationForm(request.POST or None)
        title = f"查明核对序号{row.number}的差异"
        return show_round_form(request, round_, form, service, title=title, back=_address(round_))

    def sample_record(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print the 抽样核对记录."""
        round_ = _round(request, pk)
        return download(sample_record_pdf(round_, clock.now()), f"sample-record-{round_.key}.pdf")


def _round(request: HttpRequest, pk: int) -> Round:
    """Return a counted round whose rulebook asks for the audit."""
    policy.check_sees(account_of(request), COMPARE)
    round_ = get_object_or_404(Round.objects.filter(state__in=COUNTED), pk=pk)
    if not wants_sample_audit(round_.rulebook):
        raise Http404
    return round_


def _address(round_: Round) -> str:
    return reverse("admin:round-sample", args=[round_.pk])


def _read(
    form: MissingForm, round_: Round, row: SampleBallot, lines: list[Any], faults: list[str]
) -> Mapping[str, Any] | None:
    """Return what was keyed as a vote, None for a sheet that is not found; adds what is wrong with it to `faults`."""
    if form.cleaned_data["is_missing"]:
        faults += ["找不到正票的，不录入评议内容，请清空各格。"] if lines else []
        return None
    try:
        vote = validate_vote(
            ballot_form_by_digest(round_.ballot_form_sha256), row.ballot.channel, lines, needs_ticks=False
        )
    except VoteErrors as errors:
        faults += errors.errors.values()
        return None
    return vote.as_json()
