"""What waits of the inspections: plans, visits, orders, evidence that is due to be destroyed."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accountability.cases.models import Case
from accountability.evidence.models import Evidence
from accountability.history.queries import histories
from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.inspections.rules import (
    ORDERING,
    SETTLED,
    InspectionState,
    OrderState,
    PlanState,
    Target,
    recheck_until,
)
from accountability.worklist.queries.source import Asked, Columns, Row, Source, rule_of, section_name
from accountability.worklist.rules import WorkItem
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.result import TOO_FEW
from evaluations.tally.models import SectionResult
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workspace.rules import Phase

# How an order's section stands in its columns.
OF_ORDER: dict[str, Any] = {"title": section_name("inspection__section"), "section": "inspection__section__code"}


def _visits(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        found = Inspection.objects.filter(**conditions)
        return Columns(
            found,
            parent="plan_id",
            title=section_name("section"),
            detail="target",
            due_on="visit_on",
            section="section__code",
        )

    return rows


def _own_visits(asked: Asked) -> Columns:
    visits = Inspection.objects.assigned_to(asked.user).unsubmitted()
    return Columns(visits, title=section_name("section"), detail="target", due_on="visit_on", section="section__code")


def _orders(asked: Asked) -> Columns:
    own = Order.objects.filter(state=OrderState.ISSUED, inspection__section__department_code=asked.user.unit_code)
    return Columns(own, due_on="due_on", since="issued_at", **OF_ORDER)


def _to_check(asked: Asked) -> QuerySet[Order]:
    """Return the orders that a return visit has to check: replied to, or not answered in time."""
    late = Q(state=OrderState.ISSUED, due_on__lt=asked.today)
    return Order.objects.filter(Q(state=OrderState.REPLIED) | late)


def _unchecked(asked: Asked) -> Columns:
    """Return those of them for which no return visit is scheduled."""
    scheduled = Inspection.objects.not_cancelled().filter(returns_to=OuterRef("inspection"))
    return _check_columns(_to_check(asked).filter(~Exists(scheduled)))


def _check_columns(orders: QuerySet[Order]) -> Columns:
    days = rule_of("inspection__plan__round", "recheck_days")
    return Columns(orders, detail="state", due_on="due_on", since="replied_at", days=days, **OF_ORDER)


def _order_words(row: Row) -> str:
    return f"{row.title}{'已反馈责令整改' if row.detail == OrderState.REPLIED else '逾期未反馈责令整改'}"


def _check_due(row: Row) -> date | None:
    """Return the day by which the reply is to be checked, or by which there should have been one."""
    return recheck_until(row.started_on, row.days or 0) if row.started_on else row.due_on


def _plans(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        return Columns(InspectionPlan.objects.filter(**conditions), title="name", due_on="starts_on")

    return rows


def _over(_: Asked) -> Columns:
    unfinished = Inspection.objects.filter(plan=OuterRef("pk")).exclude(state__in=SETTLED)
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


def unranked_twice(asked: Asked) -> Iterator[WorkItem]:
    """Yield for the commission how many sections had too few ballots twice in a row and are not visited yet."""
    if asked.user.role != Role.COMMISSION:
        return
    concerned = SectionResult.objects.filter(round=OuterRef("pk"), label=TOO_FEW, is_listed=False)
    for round_ in Round.objects.filter(Exists(concerned), state=RoundState.PUBLISHED).order_by("pk"):
        codes = {code for code, past in histories(round_).items() if past.stays_too_few}
        visits = Inspection.objects.filter(plan__round=round_, section__code__in=codes, state=InspectionState.APPROVED)
        left = codes - set(visits.values_list("section__code", flat=True))
        if left:
            yield WorkItem(
                f"too-few-{round_.pk}",
                f"{round_.name}：{len(codes)}个科室连续样本不足，其中{len(left)}个尚未暗访补查",
                None,
                reverse("accountability:commission-round", args=[round_.key]) + "#too-few",
                waits_for=Role.CHIEF.label,
            )


def _visit(row: Row) -> str:
    return reverse("accountability:inspection", args=[UUID(row.ref)])


def _plan(row: Row) -> str:
    return reverse("accountability:inspection-plan", args=[row.parent or row.ref])


def _visit_words(row: Row) -> str:
    return Target.RETURN.label if row.detail == Target.RETURN else "暗访"


def _order(row: Row) -> str:
    return reverse("accountability:order", args=[row.ref])


def _nothing_due(_: Row) -> date | None:
    return None


FOLLOWING = Phase.FOLLOWING
SOURCES = (
    Source(
        "inspections",
        FOLLOWING,
        ("insp.plan",),
        _unplanned,
        lambda row: f"{row.title}：拟订暗访计划",
        lambda row: reverse("accountability:inspection-propose", args=[row.parent]),
        # A plan is always proposed, even where one person may do everything else.
        roles=frozenset({Role.CHIEF}),
    ),
    Source(
        "inspection-plan",
        FOLLOWING,
        ("insp.plan",),
        _plans(state=PlanState.PROPOSED),
        lambda row: f"批准暗访计划：{row.title}",
        _plan,
        model="accountability.InspectionPlan",
        decides=True,
    ),
    Source(
        "schedule",
        FOLLOWING,
        ("insp.assign",),
        _plans(state=PlanState.APPROVED),
        lambda row: f"抽取暗访科室并排期：{row.title}",
        _plan,
    ),
    Source("finish", FOLLOWING, ("insp.assign",), _over, lambda row: f"结束暗访：{row.title}", _plan),
    Source(
        "staff",
        FOLLOWING,
        ("insp.assign",),
        _visits(state=InspectionState.PLANNED),
        lambda row: f"{_visit_words(row)}派员：{row.title}",
        _plan,
    ),
    Source(
        "record",
        FOLLOWING,
        ("insp.record", "insp.upload", "insp.submit"),
        _own_visits,
        lambda row: f"{_visit_words(row)}：{row.title}",
        _visit,
        roles=frozenset({Role.INSPECTOR}),
    ),
    Source(
        "visit",
        FOLLOWING,
        ("insp.approve",),
        _visits(state=InspectionState.SUBMITTED),
        lambda row: f"{_visit_words(row)}审定：{row.title}",
        _visit,
    ),
    Source(
        "order-issue",
        FOLLOWING,
        ("insp.notify",),
        _visits(state=InspectionState.APPROVED, conclusion__in=ORDERING, order=None),
        lambda row: f"发出限期整改通知：{row.title}",
        lambda row: reverse("accountability:order-issue", args=[UUID(row.ref)]),
    ),
    Source(
        "order",
        FOLLOWING,
        ("rect.report",),
        _orders,
        lambda row: f"{row.title}：反馈责令整改",
        _order,
        roles=frozenset({Role.LIAISON}),
        has_term=True,
    ),
    Source(
        "replied",
        FOLLOWING,
        ("insp.assign",),
        _unchecked,
        lambda row: f"{_order_words(row)}，安排回访复查",
        _order,
        due=_check_due,
    ),
    # The commission sees what the office has to check until it is settled.
    Source(
        "replied-watch",
        FOLLOWING,
        (),
        lambda asked: _check_columns(_to_check(asked)),
        lambda row: f"{_order_words(row)}，待回访复查",
        _order,
        roles=frozenset({Role.COMMISSION}),
        due=_check_due,
        waits_for=Role.CHIEF.label,
    ),
    Source(
        "evidence",
        FOLLOWING,
        ("insp.delete",),
        _kept_long,
        lambda row: f"{row.title}：核对保存期满的暗访证据，提请销毁",
        lambda row: reverse("accountability:retention") + f"#round-{row.ref}",
        model="evaluations.Round",
        due=_nothing_due,
    ),
)
