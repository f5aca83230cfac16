"""What waits of the inspections: plans, visits, orders, evidence that is due to be destroyed."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse

from accountability.cases.models import Case
from accountability.evidence.models import Evidence
from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.inspections.rules import Conclusion, InspectionState, OrderState, PlanState
from accountability.worklist.queries.source import Asked, Columns, Row, Source, section_name
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workspace.rules import Phase

ORDERING = (Conclusion.AT_ONCE, Conclusion.BY_DATE)


def _visits(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        found = Inspection.objects.filter(**conditions)
        return Columns(found, parent="plan_id", title=section_name("section"), due_on="visit_on")

    return rows


def _own_visits(asked: Asked) -> Columns:
    visits = Inspection.objects.assigned_to(asked.user).unsubmitted()
    return Columns(visits, title=section_name("section"), due_on="visit_on")


def _orders(asked: Asked) -> Columns:
    own = Order.objects.filter(state=OrderState.ISSUED, inspection__section__department_code=asked.user.unit_code)
    return Columns(own, title=section_name("inspection__section"), due_on="due_on", since="issued_at")


def _plans(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        return Columns(InspectionPlan.objects.filter(**conditions), title="name", due_on="starts_on")

    return rows


def _over(_: Asked) -> Columns:
    unfinished = Inspection.objects.filter(plan=OuterRef("pk")).exclude(state=InspectionState.APPROVED)
    plans = InspectionPlan.objects.filter(~Exists(unfinished), state=PlanState.VISITING)
    return Columns(plans, title="name", due_on="ends_on")


def _unplanned(_: Asked) -> Columns:
    plans = InspectionPlan.objects.filter(round=OuterRef("pk"))
    # A round without cases has nobody to visit.
    cases = Case.objects.filter(result__round=OuterRef("pk"))
    found = Round.objects.filter(Exists(cases), ~Exists(plans), state=RoundState.PUBLISHED)
    return Columns(found, parent="key", title="name")


def _kept_long(asked: Asked) -> Columns:
    """Return the archived rounds with inspection evidence past its term; the page tells which files may go."""
    until = asked.at - timedelta(days=settings.EVIDENCE_DAYS_KEPT)
    held = Evidence.objects.held().filter(inspection__plan__round=OuterRef("pk"), uploaded_at__lte=until)
    return Columns(Round.objects.filter(Exists(held), state=RoundState.CLOSED), title="name")


def _visit(row: Row) -> str:
    return reverse("accountability:inspection", args=[UUID(row.ref)])


def _plan(row: Row) -> str:
    return reverse("accountability:inspection-plan", args=[row.parent or row.ref])


def _order(row: Row) -> str:
    return reverse("accountability:order", args=[row.ref])


def _nothing_due(_: Row) -> date | None:
    return None


F_ = Phase.FOLLOWING
SOURCES = (
    Source(
        "inspections",
        F_,
        ("insp.plan",),
        _unplanned,
        lambda row: f"{row.title}：拟订暗访计划",
        lambda row: reverse("accountability:inspection-propose", args=[row.parent]),
        # A plan is always proposed, even where one person may do everything else.
        roles=frozenset({Role.CHIEF}),
    ),
    Source(
        "inspection-plan",
        F_,
        ("insp.plan",),
        _plans(state=PlanState.PROPOSED),
        lambda row: f"批准暗访计划：{row.title}",
        _plan,
        model="accountability.InspectionPlan",
        decides=True,
    ),
    Source(
        "schedule",
        F_,
        ("insp.assign",),
        _plans(state=PlanState.APPROVED),
        lambda row: f"抽取暗访科室并排期：{row.title}",
        _plan,
    ),
    Source("finish", F_, ("insp.assign",), _over, lambda row: f"结束暗访：{row.title}", _plan),
    Source(
        "staff",
        F_,
        ("insp.assign",),
        _visits(state=InspectionState.PLANNED),
        lambda row: f"暗访派员：{row.title}",
        _plan,
    ),
    Source(
        "record",
        F_,
        ("insp.record", "insp.upload", "insp.submit"),
        _own_visits,
        lambda row: f"暗访：{row.title}",
        _visit,
        roles=frozenset({Role.INSPECTOR}),
    ),
    Source(
        "visit",
        F_,
        ("insp.approve",),
        _visits(state=InspectionState.SUBMITTED),
        lambda row: f"暗访审定：{row.title}",
        _visit,
    ),
    Source(
        "order-issue",
        F_,
        ("insp.notify",),
        _visits(state=InspectionState.APPROVED, conclusion__in=ORDERING, order=None),
        lambda row: f"发出限期整改通知：{row.title}",
        lambda row: reverse("accountability:order-issue", args=[UUID(row.ref)]),
    ),
    Source(
        "order",
        F_,
        ("rect.report",),
        _orders,
        lambda row: f"{row.title}：反馈责令整改",
        _order,
        roles=frozenset({Role.LIAISON}),
        has_term=True,
    ),
    Source(
        "replied",
        F_,
        ("insp.assign",),
        lambda _: Columns(
            Order.objects.filter(state=OrderState.REPLIED, inspection__return_visits=None),
            title=section_name("inspection__section"),
            since="replied_at",
        ),
        lambda row: f"{row.title}已反馈责令整改，安排回访复查",
        _order,
        due=lambda row: row.started_on,
    ),
    Source(
        "evidence",
        F_,
        ("insp.delete",),
        _kept_long,
        lambda row: f"{row.title}：核对保存期满的暗访证据，提请销毁",
        lambda row: reverse("accountability:retention") + f"#round-{row.ref}",
        model="evaluations.Round",
        due=_nothing_due,
    ),
)
