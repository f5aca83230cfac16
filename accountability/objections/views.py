"""异议和申诉: filing, acceptance, recount and answer; a unit sees only its own."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accountability.cases.permissions import is_own, visible_or_404
from accountability.evidence.services import evidence
from accountability.objections import services as objections_services
from accountability.objections.documents import objection_answer
from accountability.objections.forms import DecisionForm, ObjectionForm, ReviewForm
from accountability.objections.models import Objection
from accountability.objections.pages import objection_table
from accountability.objections.rules import LEAST_WITNESSES, Ground, ObjectionState, Outcome, Stage
from evaluations.draws.forms import SigningForm
from evaluations.rounds.models import RoundSection
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, refusals, show_form, staff_view
from nanchuan_eval.web.downloads import download
from nanchuan_eval.workdays.queries import dated_now


@staff_view
def objections(request: HttpRequest) -> HttpResponse:
    """List the objections the account may view."""
    user = account_of(request)
    if not policy.may_see(user, "appeal.view", own=bool(user.unit_code)):
        raise policy.Denied(user, "appeal.view")
    rows = list(Objection.objects.visible_to(user))
    context = {"may_file": _may_file(user), "is_demo": any(row.round.is_demo for row in rows)}
    table = objection_table(rows, timezone.localdate())
    return show_tables(request, "accountability/objections/objections.html", context, [table], action="appeal.view")


@staff_view
def objection(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an objection with its files, recount, answer and available actions."""
    user = account_of(request)
    row = _row_or_404(request, pk)
    own = is_own(user, row.section)
    may_decide = row.state != ObjectionState.DECIDED and policy.may(user, "appeal.decide")
    not_by_them = refusals(partial(objections_services.refuse_undecidable, row, user)) if may_decide else ()
    context = {
        "row": row,
        "files": row.evidence.all(),
        "may_add": evidence.may_add(user, row),
        "may_accept": row.state == ObjectionState.FILED and approvals.may_start(user, "appeal.accept", row),
        "may_recount": row.state == ObjectionState.ACCEPTED and policy.may(user, "tally.verify"),
        "may_sign": row.state == ObjectionState.RECOUNTED and policy.may_see(user, "tally.verify"),
        "may_decide": may_decide and not not_by_them,
        "not_by_them": not_by_them,
        "may_review": own
        and row.stage == Stage.OBJECTION
        and row.outcome == Outcome.REJECTED
        and row.round.state == RoundState.REVIEW,
        "is_demo": row.round.is_demo,
    }
    return render(request, "accountability/objections/objection.html", context)


@staff_view
def file(request: HttpRequest) -> HttpResponse:
    """File an objection before, or an appeal after, publication."""
    user = account_of(request)
    if not _may_file(user):
        raise policy.Denied(user, "appeal.submit")
    page = FormPage(
        "提出异议或申诉",
        "提出",
        reverse("accountability:objections"),
        note="提出后可以上传证据。公示后的申诉不停止措施的执行。",
        done="已提出，请上传证据；评议办将在期限内答复。",
        refuses=partial(objections_services.fileable_sections, user.unit_code, clock.now()),
    )

    def file(*, section: RoundSection, ground: str, **given: Any) -> object:
        return objections_services.file_objection(section_id=section.pk, ground=Ground(ground), **given)

    sections = RoundSection.objects.filter(
        department_code=user.unit_code,
        round__state__in=[RoundState.REVIEW, RoundState.PUBLISHED],
        result__is_listed=True,
    )
    return show_form(request, ObjectionForm(request.POST or None, sections=sections), page, file)


@staff_view
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Request a review by the leading group (提请领导小组复核)."""
    row, user = _row_or_404(request, pk), account_of(request)
    policy.check_may_start(user, "appeal.submit", own=is_own(user, row.section))
    facts = _about(row)
    refuses = partial(objections_services.refuse_unreviewable, row, clock.now())
    if row.decided_at:
        facts.append(("提请复核的期限", dated_now(objections_services.review_term(row))))
    page = FormPage(
        f"提请复核：{row.section}", "提请复核", reverse("accountability:objections"), facts, refuses=refuses
    )
    service = partial(objections_services.file_review, objection_id=row.pk)
    return show_form(request, ReviewForm(request.POST or None), page, service)


@staff_view
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to accept an objection (受理)."""
    row = _row_or_404(request, pk)
    approvals.check_may_start(account_of(request), "appeal.accept", row)
    page = FormPage(f"受理：{row}", "受理", _page(row), _about(row), done="已受理。")
    form = Form(request.POST if request.method == "POST" else None)
    return show_form(request, form, page, approvals.Start("appeal.accept", row))


@staff_view
def recount(request: HttpRequest, pk: int) -> HttpResponse:
    """Recount the round and record the comparison (复算)."""
    row = _row_or_404(request, pk)
    policy.check_may_start(account_of(request), "tally.verify")
    page = FormPage(
        f"复算：{row}",
        "开始复算",
        _page(row),
        _about(row),
        note="系统用封箱的评议票和锁定的评议规则重新计票，并与计票结果逐项比对。请在监督员到场时办理；"
        f"复算后，由至少{LEAST_WITNESSES}名到场的监督员用签名码签名，方可答复。",
        done="复算完成，请到场的监督员签名。",
        refuses=partial(objections_services.refuse_unless, row, ObjectionState.ACCEPTED),
    )
    form = Form(request.POST if request.method == "POST" else None)
    return show_form(request, form, page, partial(objections_services.recount_objection, objection_id=row.pk))


@staff_view
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the recount with a supervisor's own code."""
    row = _row_or_404(request, pk)
    policy.check_sees(account_of(request), "tally.verify")
    facts = [
        *_about(row)[:2],
        ("复算", row.agreement),
        ("复算校验值", row.recount_sha256),
        ("已签名", row.witnesses),
    ]
    note = "由在场监督员本人输入自己的签名码，每个签名码只能使用一次；未看到复算全过程的，请不要签名。"
    page = FormPage(f"监督员签名：{row}", "确认签名", _page(row), facts, note=note, done="已签名。")
    page = replace(page, refuses=partial(objections_services.refuse_unless, row, ObjectionState.RECOUNTED))

    def sign(*, code: str, by: User, at: datetime) -> object:
        return objections_services.sign_recount(objection_id=row.pk, code=code, at=at) and "已签名。"

    return show_form(request, SigningForm(request.POST or None), page, sign)


@staff_view
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide an objection; an upheld one corrects the list (答复)."""
    row = _row_or_404(request, pk)
    policy.check_may_start(account_of(request), "appeal.decide")
    closed = {each: refusals(partial(objections_services.refuse_outcome, row, each)) for each in Outcome}
    outcomes = [outcome for outcome, why in closed.items() if not why]
    why_not = "".join(dict.fromkeys(reason for why in closed.values() for reason in why))
    limits = [("目前可以作出的结论", f"{'、'.join(each.label for each in outcomes)}。{why_not}")] if why_not else []
    page = FormPage(
        f"答复：{row}",
        "答复",
        _page(row),
        [*_about(row), *limits],
        follows="答复随即生效并告知单位，不能撤回；结论为“更正”的，评议对象有误的科室从名单中撤下，一票否决事实有误的撤销一票否决并"
        "重新计票；已公示的，系统发布更正名单，撤销或建立相应的问责事项；任何人不能改分",
        done="已答复。",
        refuses=partial(objections_services.refuse_undecidable, row, account_of(request)),
    )
    form = DecisionForm(request.POST or None, outcomes=outcomes)

    def decide(*, by: User, at: datetime, **_: object) -> object:
        return objections_services.decide_objection(objection_id=row.pk, decision=form.decision(), by=by, at=at)

    return show_form(request, form, page, decide)


@staff_view
def printed(request: HttpRequest, pk: int) -> HttpResponse:
    """答复书 PDF."""
    row = _row_or_404(request, pk)
    if row.state != ObjectionState.DECIDED:
        raise Http404
    with audit.exporting("appeal.view", row, by=account_of(request), at=clock.now(), what="答复书"):
        return download(objection_answer(row, at=clock.now()), f"{row}答复书.pdf")


def _row_or_404(request: HttpRequest, pk: int) -> Objection:
    user = account_of(request)
    return visible_or_404(Objection.objects.visible_to(user), by=user, action="appeal.view", pk=pk)


def _page(row: Objection) -> str:
    return reverse("accountability:objection", args=[row.pk])


def _may_file(user: User) -> bool:
    return policy.may(user, "appeal.submit", own=bool(user.unit_code))


def _about(row: Objection) -> list[tuple[str, object]]:
    return [("科室", row.section), ("事由", row.get_ground_display()), ("事实和理由", row.facts)]
