"""暗访改期、取消和补排, each asked on a page with a reason; 404 for everybody who may not know of plans."""

from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accountability.cases.permissions import visible_or_404
from accountability.inspections.forms import CancelForm, MoveForm, ReturnForm
from accountability.inspections.models import Inspection, InspectionPlan
from accountability.inspections.queries import left_uncovered, reason_of
from accountability.inspections.services import changes
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view
from nanchuan_eval.workdays.rules import in_chinese


@staff_view
def move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move a visit to another day (改期)."""
    visit = _visit_or_404(request, pk)
    page = FormPage(
        f"暗访改期：{visit.section}",
        "改期",
        _plan_page(visit.plan_id),
        _about(visit),
        note="原定日期、新日期和理由记入操作日志，在暗访计划和督查员的“我的暗访”中列出。",
        done="暗访已改期。",
        refuses=partial(changes.refuse_made, visit),
    )
    return show_form(request, MoveForm(request.POST or None), page, partial(changes.move_visit, inspection_id=visit.pk))


@staff_view
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel a visit (取消)."""
    visit = _visit_or_404(request, pk)
    page = FormPage(
        f"取消暗访：{visit.section}",
        "取消暗访",
        _plan_page(visit.plan_id),
        _about(visit),
        note="取消后不能恢复，该科室在暗访计划中列为尚未暗访，可以补排。理由记入操作日志，在暗访计划和“我的暗访”中列出。",
        done="暗访已取消，该科室列为尚未暗访。",
        refuses=partial(changes.refuse_made, visit),
    )
    return show_form(
        request, CancelForm(request.POST or None), page, partial(changes.cancel_visit, inspection_id=visit.pk)
    )


@staff_view
def add(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Schedule a visit to a section that no visit of the plan covers (补排)."""
    user = account_of(request)
    _check_sees(request, user)
    policy.check_may_start(user, "insp.assign")
    plan = get_object_or_404(InspectionPlan.objects.select_related("round", "draw"), pk=pk)
    visits = plan.inspections.select_related("section")
    wanted = next((each for each in left_uncovered(plan, visits) if each.section.code == code), None)
    facts: list[tuple[str, object]] = [("计划期间", _period(plan))]
    if wanted:
        facts = [("科室", wanted.section), ("对象来源", wanted.target.label), ("理由", wanted.reason), *facts]
    page = FormPage(
        "补排暗访",
        "补排",
        _plan_page(plan.pk),
        facts,
        done="已补排，请指派督查员。",
        refuses=partial(changes.refuse_covered, plan, code),
    )

    def add(*, visit_on: date, by: User, at: datetime) -> object:
        return changes.add_visit(plan_id=plan.pk, code=code, visit_on=visit_on, by=by, at=at)

    return show_form(request, ReturnForm(request.POST or None), page, add)


def _visit_or_404(request: HttpRequest, pk: UUID) -> Inspection:
    user = account_of(request)
    _check_sees(request, user)
    policy.check_may_start(user, "insp.assign")
    return visible_or_404(Inspection.objects.visible_to(user), by=user, action="insp.plan.view", pk=pk)


def _check_sees(request: HttpRequest, user: User) -> None:
    """Answer 404 to accounts that must not learn whether there are plans."""
    if not policy.may_see(user, "insp.plan.view"):
        raise policy.Hidden(user, "insp.plan.view", request.path)


def _about(visit: Inspection) -> list[tuple[str, object]]:
    return [
        ("科室", visit.section),
        ("对象来源", reason_of(visit)),
        ("现定日期", in_chinese(visit.visit_on)),
        ("计划期间", _period(visit.plan)),
        ("状态", visit.get_state_display()),
    ]


def _period(plan: InspectionPlan) -> str:
    return f"{in_chinese(plan.starts_on)}至{in_chinese(plan.ends_on)}（晚于结束日期的暗访，在暗访计划中标明）"


def _plan_page(plan_id: int) -> str:
    return reverse("accountability:inspection-plan", args=[plan_id])
