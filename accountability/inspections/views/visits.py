"""暗访督查: visits and their records for inspectors, approval, and orders to rectify."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accountability.cases.documents import moment
from accountability.cases.permissions import is_own, visible_or_404
from accountability.evidence.services import evidence
from accountability.inspections.forms import OrderForm, ReplyForm, SubmitForm, VisitForm
from accountability.inspections.models import Inspection, Order
from accountability.inspections.pages import own_visit_table
from accountability.inspections.queries import ordered_before, reason_of
from accountability.inspections.rules import (
    UNMADE,
    CheckAnswer,
    CheckItem,
    Conclusion,
    InspectionState,
    OrderState,
    settled_as,
)
from accountability.inspections.services import orders
from accountability.inspections.services import visits as visits_services
from accountability.rectifications.queries import signs_of
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import (
    FormPage,
    account_of,
    perform,
    refusals,
    show_form,
    staff_post,
    staff_view,
    submit,
)
from nanchuan_eval.web.downloads import download
from nanchuan_eval.workdays.queries import dated_now


@staff_view
def inspections(request: HttpRequest) -> HttpResponse:
    """List the inspector's own visits; redirect the chief and the commission to the plans."""
    user = account_of(request)
    if policy.may_see(user, "insp.plan.view"):
        return redirect("accountability:inspection-plans")
    policy.check_sees(user, "insp.plan.view", own=True)
    visits = list(Inspection.objects.visible_to(user).prefetch_related("changes"))
    context = {"is_demo": any(visit.plan.round.is_demo for visit in visits)}
    template = "accountability/inspections/inspections.html"
    return show_tables(request, template, context, [own_visit_table(visits)], action="insp.plan.view")


@staff_view
def inspection(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the form while the record is open, afterwards the locked record."""
    user = account_of(request)
    visit = _visit_or_404(request, pk)
    if visit.state == InspectionState.ASSIGNED and policy.may(user, "insp.record", own=True):
        return _fill_in(request, visit, user)
    return render(request, "accountability/inspections/inspection.html", _context(visit, user))


@staff_view
def submit_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Submit an inspection record, which locks it and its files."""
    visit, user = _visit_or_404(request, pk), account_of(request)
    policy.check_may_start(user, "insp.submit", own=visit.is_assigned_to(user))
    page = FormPage(
        f"提交暗访记录：{visit.section}",
        "提交并锁定",
        reverse("accountability:inspection", args=[visit.pk]),
        [*_facts(visit), *_submitted(visit)],
        note="以上内容核对无误后再提交。提交后记录和文件锁定，不能再改，由评议办负责人审定。",
        done="暗访记录已提交并锁定。",
        refuses=partial(visits_services.refuse_incomplete, visit),
    )
    service = partial(visits_services.submit_record, inspection_id=visit.pk)
    return show_form(request, SubmitForm(request.POST or None), page, service)


@staff_post
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Approve an inspection record (审定)."""
    visit = _visit_or_404(request, pk)
    return perform(
        request,
        partial(visits_services.approve_record, inspection_id=visit.pk),
        back=reverse("accountability:inspection", args=[visit.pk]),
        done="暗访记录已审定。",
    )


@staff_view
def issue_order(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Issue an order to rectify after an inspection (责令整改)."""
    visit = _visit_or_404(request, pk)
    policy.check_may_start(account_of(request), "insp.notify")
    back = reverse("accountability:inspection", args=[visit.pk])
    facts = [*_facts(visit), ("整改期限最晚至", dated_now(orders.longest_term(visit, clock.now())))]
    page = FormPage(
        f"责令整改：{visit.section}", "发出责令整改通知", back, facts, done="责令整改通知已发出，单位可以查看。"
    )
    page = replace(page, refuses=partial(orders.refuse_unorderable, visit))
    service = partial(orders.issue_order, inspection_id=visit.pk)
    return show_form(request, OrderForm(request.POST or None), page, service)


@staff_view
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an order as the unit sees it, without inspectors and method."""
    user = account_of(request)
    found = _order_or_404(request, pk)
    own, today = is_own(user, found.inspection.section), timezone.localdate()
    returns = found.inspection.return_visits.not_cancelled().order_by("visit_on")
    context = {
        "order": found,
        "returns": returns if policy.may_see(user, "insp.plan.view") else [],
        "round_key": found.inspection.plan.round.key,
        "findings": found.inspection.findings.all(),
        "may_reply": own and found.state == OrderState.ISSUED,
        "may_return": policy.may(user, "insp.assign")
        and not refusals(partial(orders.refuse_unreturnable, found, today)),
        "is_demo": found.inspection.plan.round.is_demo,
    }
    return render(request, "accountability/inspections/order.html", context)


@staff_view
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Reply to an order on behalf of the unit."""
    found, user = _order_or_404(request, pk), account_of(request)
    policy.check_may_start(user, "rect.report", own=is_own(user, found.inspection.section))
    page = FormPage(
        f"反馈：{found}", "报送反馈", reverse("accountability:order", args=[found.pk]), [("要求", found.demand)]
    )
    page = replace(page, refuses=partial(orders.refuse_replied, found))
    service = partial(orders.reply_order, order_id=found.pk)
    return show_form(request, ReplyForm(request.POST or None), page, service)


@staff_view
def print_order(request: HttpRequest, pk: int) -> HttpResponse:
    """责令整改通知书 PDF."""
    found = _order_or_404(request, pk)
    with audit.exporting("insp.notify", found, by=account_of(request), at=clock.now(), what="责令整改通知书"):
        return download(orders.order_notice(found), f"责令整改通知书-{found.inspection.section}.pdf")


def _visit_or_404(request: HttpRequest, pk: UUID) -> Inspection:
    user = account_of(request)
    return visible_or_404(Inspection.objects.visible_to(user), by=user, action="insp.plan.view", pk=pk)


def _order_or_404(request: HttpRequest, pk: int) -> Order:
    user = account_of(request)
    return visible_or_404(Order.objects.visible_to(user), by=user, action="insp.notify", pk=pk)


def _fill_in(request: HttpRequest, visit: Inspection, user: User) -> HttpResponse:
    signs, items = signs_of(visit.plan.round), visits_services.open_items(visit)
    names = questionnaire_of(visit.plan.round.rulebook).names
    form = VisitForm(request.POST or None, signs=signs, items=items, names=names, initial=_known(visit, signs))

    def save(*, by: User, at: datetime, **_: object) -> object:
        return visits_services.save_record(inspection_id=visit.pk, record=form.record(), by=by, at=at)

    back = reverse("accountability:inspection", args=[visit.pk])
    if saved := submit(request, form, save, back=back, done="已保存。"):
        return saved
    context = {**_context(visit, user), "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "accountability/inspections/visit.html", context, status=status)


def _context(visit: Inspection, user: User) -> dict[str, Any]:
    order_ = Order.objects.filter(inspection=visit).first()
    return {
        "visit": visit,
        "reason": reason_of(visit),
        "changes": visit.changes.all(),
        "ordered": ordered_before(visit),
        "may_change": visit.state in UNMADE and policy.may(user, "insp.assign"),
        "facts": _facts(visit),
        "findings": visit.findings.all(),
        "item_checks": visit.item_checks.select_related("item"),
        "files": visit.evidence.all(),
        "may_add": evidence.may_add(user, visit),
        "order": order_,
        "may_see_order": order_ is not None and Order.objects.visible_to(user).filter(pk=order_.pk).exists(),
        "may_approve": visit.state == InspectionState.SUBMITTED and policy.may(user, "insp.approve"),
        "may_order": visit.state == InspectionState.APPROVED
        and order_ is None
        and policy.may(user, "insp.notify")
        and visit.findings.exists(),
        "sees_inspectors": policy.may_see(user, "insp.identity"),
        "is_demo": visit.plan.round.is_demo,
    }


def _submitted(visit: Inspection) -> list[tuple[str, object]]:
    """Return in words which findings, checks and files the submission hands in, and what follows from them."""
    findings = [f"{found.text}（{found.get_severity_display()}）" for found in visit.findings.all()]
    checks = [
        f"{check.item.problem}：{'整改到位' if check.is_passed else '整改不到位'}"
        for check in visit.item_checks.select_related("item")
    ]
    facts: list[tuple[str, object]] = [
        (f"提交的暗访发现（{len(findings)}项）", "\n".join(findings) or "没有发现问题"),
        (f"提交的整改复查（{len(checks)}项）", "\n".join(checks) or "没有复查整改事项"),
        ("提交的影像资料", f"{visit.evidence.count()}个文件"),
    ]
    if visit.conclusion and ordered_before(visit):
        passed = visit.conclusion == Conclusion.SOUND
        facts.append(("审定后", f"原责令整改通知记为“{settled_as(passed=passed).label}”"))
    return facts


def _facts(visit: Inspection) -> list[tuple[str, object]]:
    answers = {answer.value: answer.label for answer in CheckAnswer}
    checks = "；".join(f"{item.label}：{answers.get(visit.checks.get(item.value, ''), '未填')}" for item in CheckItem)
    return [
        ("方式", visit.get_method_display()),
        ("到达", visit.arrived_at and moment(visit.arrived_at)),
        ("离开", visit.left_at and moment(visit.left_at)),
        ("地点、窗口", visit.place),
        ("模拟事项", visit.errand),
        ("拨打情况", visit.call),
        ("访谈人数", visit.interviewed),
        ("检查项", checks),
        ("现场情况", visit.situation),
        ("结论", visit.get_conclusion_display()),
    ]


def _known(visit: Inspection, signs: dict[str, dict[str, str]]) -> dict[str, object]:
    codes = {sign["text"]: code for code, sign in signs.items()}
    found = {f"sign-{codes[f.text]}": f.severity for f in visit.findings.all() if f.text in codes}
    checked = {f"item-{check.item_id}": "1" if check.is_passed else "0" for check in visit.item_checks.all()}
    checks = {f"check-{name}": answer for name, answer in visit.checks.items()}
    return {**{name: getattr(visit, name) for name in visits_services.RECORD_FIELDS}, **checks, **found, **checked}
