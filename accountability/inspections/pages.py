"""Plans, visits and orders as tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.urls import reverse
from django.utils import timezone

from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.inspections.queries import reason_of
from accountability.inspections.rules import InspectionState, OrderState, PlanState, Target
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind, state_column
from nanchuan_eval.workdays.queries import with_hint_of
from nanchuan_eval.workdays.rules import in_chinese


def plan_table(plans: Sequence[InspectionPlan]) -> Table[InspectionPlan]:
    """Return the plans, the newest first."""
    columns: list[Column[InspectionPlan]] = [
        Column(
            "name",
            "名称",
            lambda row: row.name,
            is_head=True,
            href=lambda row: reverse("accountability:inspection-plan", args=[row.pk]),
            width=30,
        ),
        Column("round", "轮次", lambda row: row.round.name, sort=lambda row: row.round.period_start, is_choice=True),
        Column("starts", "开始日期", lambda row: row.starts_on, Kind.DAY),
        Column("ends", "结束日期", lambda row: row.ends_on, Kind.DAY, term=lambda row: row.term, term_name="暗访日期"),
        Column("drawn", "随机抽查", lambda row: row.drawn_sections, Kind.NUMBER),
        state_column(PlanState),
        Column("proposed", "拟订", lambda row: row.proposed_by.name),
        Column("approved", "批准", lambda row: row.approved_by.name if row.approved_by else ""),
    ]
    return Table(
        name="plans",
        title="暗访计划一览",
        columns=columns,
        rows=plans,
        empty="暂无暗访计划。名单公示后由评议办负责人拟订，纪委监委批准。",
        notes=[DEMO_NOTICE] if any(plan.round.is_demo for plan in plans) else [],
    )


def visit_table(plan: InspectionPlan, visits: Sequence[Inspection], *, may_assign: bool) -> Table[Inspection]:
    """Return a plan's visits by day, with what can still be done about each."""

    def late(visit: Inspection) -> str:
        # A return visit follows the order's reply, whenever that comes.
        is_late = visit.target != Target.RETURN and visit.visit_on > plan.ends_on
        return "晚于计划结束日期" if is_late else ""

    def reason(visit: Inspection) -> list[str]:
        return [why] if (why := reason_of(visit)) != visit.source else []

    section, day, source, state = _visit_columns()
    columns: list[Column[Inspection]] = [
        replace(day, warning=late),
        section,
        replace(source, notes=reason),
        Column("inspectors", "督查员", _inspectors, blank="未派"),
        state,
        Column("conclusion", "结论", lambda visit: visit.get_conclusion_display(), is_choice=True),
    ]
    if may_assign:
        template = "accountability/inspections/_visit_steps.html"
        steps: Column[Inspection] = Column(
            "steps", "操作", lambda _: "", template=template, is_sortable=False, is_exported=False
        )
        columns.append(steps)
    return Table(
        name="visits",
        title=f"{plan.name}暗访安排",
        columns=columns,
        rows=visits,
        caption="暗访安排，日期由抽取种子确定；改期、取消的列出原定日期和理由",
        empty="批准并抽取之后，系统排定每个科室的暗访日期。",
        notes=[DEMO_NOTICE] if plan.round.is_demo else [],
    )


def own_visit_table(visits: Sequence[Inspection]) -> Table[Inspection]:
    """Return an inspector's own visits, those still to be made first, the earliest day first."""
    states = list(InspectionState.values)
    return Table(
        name="visits",
        title="我的暗访",
        columns=list(_visit_columns()),
        rows=sorted(visits, key=lambda visit: (states.index(visit.state), visit.visit_on, visit.section.code)),
        caption="点科室名称填写、查看暗访记录；改期、取消的列出原定日期和理由",
        empty="目前没有指派给您的暗访任务。",
        is_compact=True,
        notes=[DEMO_NOTICE] if any(visit.plan.round.is_demo for visit in visits) else [],
    )


def _visit_columns() -> tuple[Column[Inspection], Column[Inspection], Column[Inspection], Column[Inspection]]:
    """Return section, day, source and state of a visit, as plan and inspector read them alike."""
    section: Column[Inspection] = Column(
        "section",
        "科室",
        lambda visit: str(visit.section),
        is_head=True,
        href=lambda visit: reverse("accountability:inspection", args=[visit.pk]),
        css=lambda _: "whole",
        width=30,
    )
    day: Column[Inspection] = Column("day", "日期", lambda visit: visit.visit_on, Kind.DAY)
    source: Column[Inspection] = Column("source", "来源", lambda visit: visit.source, is_choice=True)
    state: Column[Inspection] = state_column(
        InspectionState,
        warning=lambda visit: "已过期" if visit.is_missed else "",
        notes=lambda visit: [str(change) for change in visit.changes.all()],
        css=lambda visit: "whole" if visit.changes.all() else "",
    )
    return section, day, source, state


def order_table(orders: Sequence[Order], *, today: date, may_plan: bool) -> Table[Order]:
    """Return the orders, those that wait for a reply or a check first; return visits for those who plan them only."""

    def is_late(order: Order) -> bool:
        return order.state == OrderState.ISSUED and order.due_on < today

    columns: list[Column[Order]] = [
        Column(
            "section",
            "科室",
            lambda order: str(order.inspection.section),
            is_head=True,
            href=lambda order: reverse("accountability:order", args=[order.pk]),
            width=30,
        ),
        Column(
            "round",
            "轮次",
            lambda order: order.inspection.plan.round.name,
            sort=lambda order: order.inspection.plan.round.period_start,
            is_choice=True,
        ),
        Column("issued", "发出日期", lambda order: timezone.localdate(order.issued_at), Kind.DAY),
        Column("due", "整改期限", lambda order: order.due_on, Kind.DAY, term=lambda order: order.term),
        state_column(OrderState, warning=lambda order: "已逾期" if is_late(order) else ""),
        Column("replied", "反馈日期", _replied, Kind.DAY, blank="未反馈"),
        Column(
            "check",
            "回访复查期限",
            lambda order: order.check_until,
            Kind.DAY,
            warning=lambda order: "已逾期" if order.check_until and order.check_until < today else "",
        ),
    ]
    if may_plan:
        template = "accountability/inspections/_returns.html"
        columns.append(Column("returns", "回访复查", _returns, template=template, is_sortable=False, width=24))
    return Table(
        name="orders",
        title="责令整改通知一览",
        columns=columns,
        rows=orders,
        caption="待反馈、待回访复查的在前",
        empty="暂无责令整改通知。暗访记录经审定、发现问题的，由评议办负责人发出。",
        notes=[DEMO_NOTICE] if any(order.inspection.plan.round.is_demo for order in orders) else [],
    )


def order_facts(order: Order) -> list[tuple[str, str]]:
    """Return what was found and ordered, and what the unit replied: what a return visit is to check."""
    findings = [finding.in_full for finding in order.inspection.findings.all()]
    replied_on = _replied(order)
    reply = f"{order.reply}\n{in_chinese(replied_on)}反馈" if replied_on else "单位尚未反馈"
    facts = [
        ("存在的问题", "\n".join(findings)),
        ("整改要求", order.demand),
        ("整改期限", with_hint_of(in_chinese(order.due_on), order.term)),
        ("单位反馈", reply),
    ]
    return [*facts, ("回访复查期限", in_chinese(until))] if (until := order.check_until) else facts


def _inspectors(visit: Inspection) -> str:
    return "、".join(person.name for person in visit.inspectors.all())


def _replied(order: Order) -> date | None:
    return timezone.localdate(order.replied_at) if order.replied_at else None


def _returns(order: Order) -> str:
    visits: list[Inspection] = getattr(order.inspection, "returns", [])
    planned = [f"{visit.visit_on:%Y-%m-%d}，{visit.get_state_display()}" for visit in visits]
    return "；".join(planned) or ("尚未安排" if order.check_until else "")
