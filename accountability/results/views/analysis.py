"""The commission's pages of a counted round: charts, dossier of a section, anomalies, decisions."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accountability.case_lifecycle.approvals import ASSENT, CORRECT
from accountability.case_lifecycle.pages import objects_of
from accountability.cases.queries import waivers
from accountability.results.documents import dossier_pdf
from accountability.results.forms import CorrectionForm, FlagForm, KeepForm, VetoForm, WordingForm
from accountability.results.pages.dossier import read_dossier
from accountability.results.pages.funnel import funnel
from accountability.results.pages.heat_maps import heat_maps
from accountability.results.pages.places import caterpillar, department_chart
from accountability.results.queries.dossiers import read_section_dossier
from accountability.results.queries.lines import Line
from accountability.results.queries.results import read_result
from evaluations.publication.services import refuse_uncorrectable
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.queries import has_result
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.wording import VETOED_FIRST
from evaluations.tally.models import AnomalyFlag, SectionResult
from evaluations.tally.pages import read_flags
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.rules.main_problems import is_greedy
from evaluations.tally.services.anomalies import DECIDE_FLAG, KEEP_FLAGS, refuse_late
from evaluations.tally.services.tally import RECORD_VETO, refuse_late_veto
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, perform, refusals, show_form, staff_post, staff_view, submit
from nanchuan_eval.web.downloads import download

# Message once an action is performed by one person alone.
DONE = "已办理。"


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def charts(request: HttpRequest, key: str) -> HttpResponse:
    """Show intervals, heat map and funnel with their tables."""
    policy.check_sees(account_of(request), "top10.view")
    round_ = _counted_or_404(key)
    result = read_result(round_)
    context = {
        "round": round_,
        "result": result,
        "caterpillar": caterpillar(result),
        "departments": department_chart(result),
        "heat_maps": heat_maps(result),
        "funnel": funnel(result),
        "indicators": result.asked.labels,
        "words": _words(round_, result.asked),
    }
    return render(request, "accountability/results/pictures.html", context)


def _words(round_: Round, asked: Questionnaire) -> list[str]:
    """Return the words of the answers from the mildest, by which a table of scores is coloured."""
    levels = round_.rulebook["levels"]
    answers = asked.answers(levels)
    return [answers[str(level)] for level in range(levels + 1)]


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def section(request: HttpRequest, key: str, code: str) -> HttpResponse:
    """Show the dossier of a section (一科一档)."""
    return _dossier_page(request, key, code, WordingForm())


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def section_pdf(request: HttpRequest, key: str, code: str) -> HttpResponse:
    """Download the dossier of a section over all rounds (一科一档) as a PDF; logged like every export."""
    user = account_of(request)
    policy.check_sees(user, "top10.view")
    round_ = _counted_or_404(key)
    result = get_object_or_404(SectionResult.objects.select_related("section"), round=round_, section__code=code)
    at = clock.now()
    with audit.exporting("top10.view", result, by=user, at=at, what="一科一档"):
        dossier = read_section_dossier(code, is_demo=round_.is_demo, by=user)
        content = dossier_pdf(dossier, site=request.build_absolute_uri("/").rstrip("/"), by=user.name, at=at)
    return download(content, f"一科一档-{dossier.section.department.name}{dossier.section.name}.pdf")


@staff_post
def wording(request: HttpRequest, key: str, code: str) -> HttpResponse:
    """Propose a wording that alleges misconduct, or set it if no approval is required."""
    round_ = _counted_or_404(key)
    form = WordingForm(request.POST)
    result = get_object_or_404(SectionResult, round=round_, section__code=code)
    asked = questionnaire_of(round_.rulebook)
    if form.is_valid() and not is_greedy(form.cleaned_data["text"], asked):
        form.add_error("text", f"这段表述不涉及“{asked.greedy}”，请由评议办直接填写主要问题。")
    back = reverse("accountability:commission-section", args=[key, code])
    service = approvals.Start(ASSENT, result)
    return submit(request, form, service, back=back, done=DONE) or _dossier_page(request, key, code, form, status=400)


@staff_view
def anomalies(request: HttpRequest, key: str) -> HttpResponse:
    """Show the anomaly flags and the list with and without them; decide one (POST)."""
    round_ = _flagged_round(request, key)
    form = FlagForm(request.POST or None)

    def decide(*, flag: int, **given: Any) -> object:
        return approvals.start(DECIDE_FLAG.name, get_object_or_404(AnomalyFlag, pk=flag, round=round_), **given)

    back = reverse("accountability:commission-anomalies", args=[key])
    return submit(request, form, decide, back=back, done=DONE) or _flags_page(request, round_, form)


@staff_post
def keep_flags(request: HttpRequest, key: str) -> HttpResponse:
    """Keep all flags that name no ballots, by one decision."""
    round_ = _flagged_round(request, key)
    approvals.check_may_start(account_of(request), KEEP_FLAGS.name, round_)
    form = KeepForm(request.POST, flags=round_.flags.naming_no_ballots())

    def keep(*, reason: str, by: User, at: datetime, **_: object) -> object:
        return approvals.start(KEEP_FLAGS.name, round_, by=by, at=at, reason=reason, own=form.own_reasons())

    back = reverse("accountability:commission-anomalies", args=[key])
    return submit(request, form, keep, back=back, done=DONE) or _flags_page(request, round_, FlagForm(), form)


@staff_post
def approve_flag(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """Approve a proposed decision on flags, for supervisors, who have no admin site."""
    approval = get_object_or_404(Approval, pk=pk, kind__in=[DECIDE_FLAG.name, KEEP_FLAGS.name])
    back = reverse("accountability:commission-anomalies", args=[key])
    service = partial(approvals.approve, approval_id=approval.pk)
    return perform(request, service, back=back, done="已同意并办理。")


@staff_view
def veto(request: HttpRequest, key: str) -> HttpResponse:
    """Record a veto (录入一票否决)."""
    policy.check_sees(account_of(request), "publish.approve")
    round_ = get_object_or_404(Round, key=key)
    refuses = partial(refuse_late_veto, round_)
    # Whoever approves reads why it is too late for anybody, too.
    if request.method == "POST" or not refusals(refuses):
        approvals.check_may_start(account_of(request), RECORD_VETO.name, RoundSection())
    form = VetoForm(request.POST or None, round_=round_)

    def record(*, section: RoundSection, **given: Any) -> object:
        return approvals.start(RECORD_VETO.name, section, **given)

    annulled = "查明事实有误的，只能经异议或者申诉撤销，并重新计票"
    follows = f"经审批后，该科室{VETOED_FIRST}，不能撤回；{annulled}；公示后各项措施随之适用"
    page = _asking(round_, "录入一票否决", follows=follows, refuses=refuses)
    return show_form(request, form, page, record)


@staff_view
def correct(request: HttpRequest, key: str) -> HttpResponse:
    """Correct the published list (更正公示)."""
    policy.check_sees(account_of(request), "publish.correct")
    approvals.check_may_start(account_of(request), CORRECT, Round())
    round_ = get_object_or_404(Round, key=key)
    form = CorrectionForm(request.POST or None, round_=round_)

    def correct(*, by: User, at: datetime, **_: object) -> object:
        return approvals.start(CORRECT, round_, by=by, at=at, **form.arguments())

    page = _asking(round_, "更正公示", note=form.note, refuses=partial(refuse_uncorrectable, round_))
    return show_form(request, form, page, correct)


def _dossier_page(request: HttpRequest, key: str, code: str, form: Form, status: int = 200) -> HttpResponse:
    policy.check_sees(account_of(request), "top10.view")
    round_ = _counted_or_404(key)
    dossier = read_dossier(round_, code)
    if dossier is None:
        raise Http404
    proposals = approvals.waiting_about(account_of(request), dossier.line.result)
    context = {
        "round": round_,
        "dossier": dossier,
        "line": dossier.line,
        "greedy": questionnaire_of(round_.rulebook).greedy,
        "form": form,
        "may_word": dossier.line.result.is_listed and not proposals and _may_start(request, ASSENT),
        "proposals": [*proposals, *_about_case(request, dossier.line)],
        "waivers": waivers(dossier.line.measures.values()),
    }
    return render(request, "accountability/results/section.html", context, status=status)


def _about_case(request: HttpRequest, line: Line) -> list[approvals.Waiting]:
    """Return what waits about the section's case, for those who see it."""
    user = account_of(request)
    if line.case is None or not policy.may_see(user, "acc.view"):
        return []
    return approvals.waiting_about(user, *objects_of(line.case, line.measures.values()))


def _flagged_round(request: HttpRequest, key: str) -> Round:
    user = account_of(request)
    policy.check_sees(user, "ballot.invalid" if user.role == policy.Role.SUPERVISOR else "tally.view")
    return _counted_or_404(key)


def _flags_page(request: HttpRequest, round_: Round, form: FlagForm, keep_form: KeepForm | None = None) -> HttpResponse:
    report = read_flags(round_)
    keep_form = keep_form or KeepForm(flags=report.together)
    context = {
        "round": round_,
        "report": report,
        "form": form,
        "keep_form": keep_form,
        "verdicts": form.fields["verdict"].choices,  # type: ignore[attr-defined]
        "may_start": _may_start(request, DECIDE_FLAG.name) and not refusals(partial(refuse_late, round_, Verdict.KEPT)),
        "may_approve": policy.may(account_of(request), "ballot.invalid") and policy.requires_approval("ballot.invalid"),
    }
    status = 400 if form.errors or keep_form.errors else 200
    return render(request, "accountability/results/anomalies.html", context, status=status)


def _asking(round_: Round, title: str, **shown: Any) -> FormPage:
    back = reverse("accountability:commission-round", args=[round_.key])
    return FormPage(f"{round_.name}：{title}", title, back, done=DONE, **shown)


def _may_start(request: HttpRequest, action: str) -> bool:
    """True if the account may start the action; none of these is limited to own objects."""
    action = approvals.action_named(action).permission
    asks = policy.may_propose if policy.requires_approval(action) else policy.may
    return asks(account_of(request), action)


def _counted_or_404(key: str) -> Round:
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_):
        raise Http404
    return round_
