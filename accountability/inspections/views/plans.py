"""暗访计划, for the chief and the commission; 404 for everybody else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from accountability.cases.permissions import visible_or_404
from accountability.inspections.forms import InspectorsForm, PlanForm, RecusalForm, ReturnForm
from accountability.inspections.models import Inspection, InspectionPlan, Order, Recusal
from accountability.inspections.pages import order_facts, plan_table, visit_table
from accountability.inspections.queries import left_uncovered, reason_of, scope_of
from accountability.inspections.rules import PlanState
from accountability.inspections.services import plans as plans_services
from accountability.inspections.services.orders import refuse_unreturnable, schedule_return
from departments.models import Department
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, perform, show_form, staff_post, staff_view
from nanchuan_eval.workdays.rules import in_chinese


@staff_view
def plans(request: HttpRequest) -> HttpResponse:
    """List the plans and the rounds for which one can be proposed."""
    user = account_of(request)
    rows = list(_visible(request))
    context = {
        "rounds": Round.objects.filter(state=RoundState.PUBLISHED) if policy.may_propose(user, "insp.plan") else [],
        "recusals": Recusal.objects.select_related("inspector"),
        "may_assign": policy.may(user, "insp.assign"),
        "is_demo": any(plan.round.is_demo for plan in rows),
    }
    template = "accountability/inspections/inspection_plans.html"
    return show_tables(request, template, context, [plan_table(rows)], action="insp.plan.view")


@staff_view
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a plan with its visits and the actions available now."""
    user = account_of(request)
    found = _plan_or_404(request, pk)
    rows = Inspection.objects.visible_to(user).filter(plan=found).order_by("visit_on", "pk")
    visits = list(rows.prefetch_related("inspectors", "changes"))
    may_assign = found.state == PlanState.VISITING and policy.may(user, "insp.assign")
    context = {
        "plan": found,
        "scope": scope_of(found.round).in_words(found.drawn_sections),
        "uncovered": left_uncovered(found, visits) if found.state in {PlanState.VISITING, PlanState.DONE} else [],
        "may_approve": found.state == PlanState.PROPOSED
        and policy.may(user, "insp.plan")
        and not policy.requires_approval("insp.plan"),
        "proposals": approvals.waiting_about(user, found),
        "may_schedule": found.state == PlanState.APPROVED and policy.may(user, "insp.assign"),
        "may_assign": may_assign,
        "is_demo": found.round.is_demo,
    }
    table = visit_table(found, visits, may_assign=may_assign)
    template = "accountability/inspections/inspection_plan.html"
    return show_tables(request, template, context, [table], action="insp.plan.view")


@staff_view
def propose(request: HttpRequest, key: str) -> HttpResponse:
    """Propose a round's inspection plan (拟订暗访计划)."""
    _visible(request)
    policy.check_proposes(account_of(request), "insp.plan")
    round_ = get_object_or_404(Round, key=key)
    scope = scope_of(round_)
    page = FormPage(
        f"拟订暗访计划：{round_.name}",
        "报请批准",
        reverse("accountability:inspection-plans"),
        [
            ("上榜科室", _of_a_ground(scope.listed, "全部暗访")),
            ("样本不足的科室", _of_a_ground(scope.too_few, "全部补查")),
            ("其他参评科室", _of_a_ground(scope.others, "从中随机抽查")),
        ],
        done="暗访计划已报请批准。",
        refuses=partial(plans_services.refuse_unplannable, round_),
        follows="批准后即公布抽取暗访科室的承诺，抽查科室和暗访日期由抽取种子确定，任何人不能改选",
    )
    known = {"drawn_sections": min(int(round_.rulebook["inspected_sections"]), scope.others)}
    form = PlanForm(request.POST or None, initial=known)

    def propose(*, by: User, at: datetime, **_: object) -> object:
        return plans_services.propose_plan(round_id=round_.pk, facts=form.facts(), by=by, at=at)

    return show_form(request, form, page, propose)


def _of_a_ground(sections: int, visited: str) -> str:
    return f"{sections}个，{visited}" if sections else "没有"


@staff_post
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a plan, which commits the draw of its random sections."""
    return _button(request, pk, plans_services.approve_plan, "暗访计划已批准，随机抽查科室的抽取已承诺。")


@staff_post
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Schedule the visits of a plan (排期)."""
    return _button(request, pk, plans_services.schedule_visits, "暗访日期已排定，可以指派督查员。")


@staff_post
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Finish a plan, which publishes the proof of its draw."""
    return _button(request, pk, plans_services.finish_plan, "暗访已结束，抽取证明已公开。")


@staff_view
def assign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Assign two inspectors to a visit (派员)."""
    _visible(request)
    policy.check_may_start(account_of(request), "insp.assign")
    visit = visible_or_404(
        Inspection.objects.visible_to(account_of(request)), by=account_of(request), action="insp.plan.view", pk=pk
    )
    back = reverse("accountability:inspection-plan", args=[visit.plan_id])
    facts = [("科室", visit.section), ("暗访日期", in_chinese(visit.visit_on)), ("对象来源", reason_of(visit))]
    page = FormPage(f"派员：{visit.section}", "派员", back, facts, done="已指派督查员。")
    page = replace(page, refuses=partial(plans_services.refuse_unassignable, visit))

    def assign(*, inspectors: list[str], by: User, at: datetime) -> object:
        ids = [int(pk) for pk in inspectors]
        return plans_services.assign_inspectors(inspection_id=visit.pk, inspector_ids=ids, by=by, at=at)

    known = {"inspectors": list(visit.inspectors.values_list("pk", flat=True))}
    return show_form(request, InspectorsForm(request.POST or None, initial=known), page, assign)


@staff_view
def recuse(request: HttpRequest) -> HttpResponse:
    """Register an inspector's recusal from a department (登记回避)."""
    _visible(request)
    policy.check_may_start(account_of(request), "insp.assign")
    page = FormPage("登记督查员回避", "登记", reverse("accountability:inspection-plans"))

    def recuse(*, inspector: User, department: Department, **given: Any) -> object:
        return plans_services.declare_recusal(inspector_id=inspector.pk, department_code=department.code, **given)

    return show_form(request, RecusalForm(request.POST or None), page, recuse)


@staff_view
def return_visit(request: HttpRequest, pk: int) -> HttpResponse:
    """Schedule a return visit after an order (安排回访复查)."""
    _visible(request)
    policy.check_may_start(account_of(request), "insp.assign")
    order = visible_or_404(
        Order.objects.visible_to(account_of(request)), by=account_of(request), action="insp.notify", pk=pk
    )
    back = reverse("accountability:inspection-plan", args=[order.inspection.plan_id])
    page = FormPage(
        f"安排回访复查：{order.inspection.section}",
        "安排回访复查",
        back,
        order_facts(order),
        done="已安排回访复查，请指派督查员。",
        refuses=partial(refuse_unreturnable, order, timezone.localdate()),
    )
    service = partial(schedule_return, order_id=order.pk)
    return show_form(request, ReturnForm(request.POST or None), page, service)


def public_proof(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the public proof of a finished plan's draw: which token stood for which section."""
    found = get_object_or_404(InspectionPlan.objects.select_related("draw", "round"), pk=pk, state=PlanState.DONE)
    if found.draw is None:
        raise Http404
    names = {section.code: str(section) for section in found.round.sections.all()}
    entries = [
        {"code": entry.ref, "name": names.get(entry.ref, ""), "salt": entry.salt, "token": entry.token}
        for entry in found.draw.entries.filter(is_selected=True).order_by("place")
    ]
    params = json.loads(found.draw.params)
    context = {"plan": found, "draw": found.draw, "params": params, "entries": entries, "is_demo": found.round.is_demo}
    return render(request, "accountability/inspections/inspection_proof.html", context)


def _visible(request: HttpRequest) -> QuerySet[InspectionPlan]:
    """Answer 404 to accounts that must not learn whether there are plans."""
    if not policy.may_see(account_of(request), "insp.plan.view"):
        raise policy.Hidden(account_of(request), "insp.plan.view", request.path)
    return InspectionPlan.objects.select_related("round", "proposed_by", "approved_by", "draw")


def _plan_or_404(request: HttpRequest, pk: int) -> InspectionPlan:
    return get_object_or_404(_visible(request), pk=pk)


def _button(request: HttpRequest, pk: int, service: Callable[..., object], done: str) -> HttpResponse:
    found = _plan_or_404(request, pk)
    back = reverse("accountability:inspection-plan", args=[found.pk])
    return perform(request, partial(service, plan_id=found.pk), back=back, done=done)
