"""What waits after the list: measures, rectifications, objections, leads, suggestions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from django.db.models import Case as Choice
from django.db.models import Q, QuerySet, TextField, When
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from accountability.cases.models import Measure, MeasureQuerySet
from accountability.cases.permissions import measures_for
from accountability.cases.rules.deadlines import Urgency, urgency
from accountability.cases.rules.measures import (
    TALKS,
    TALKS_OF_UNIT,
    WORKDAY_KINDS,
    CaseState,
    MeasureKind,
    MeasureState,
    TalkState,
)
from accountability.cases.rules.standing import CONTINUING
from accountability.citizens.models import Suggestion
from accountability.citizens.rules import UNANSWERED
from accountability.inspections.rules import recheck_until
from accountability.leads.models import Lead, LeadState
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState, Outcome, Stage
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import WRITABLE, ItemState, RectificationState
from accountability.talks.queries import standing_told, talk_told
from accountability.worklist.queries.source import Asked, Columns, Row, Source, rule_of, section_name
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workspace.rules import Phase

LISTED, LISTED_ROUND = "case__result__section", "case__result__round"
CODE = f"{LISTED}__code"
# Whom a measure waits for is who records it; a few kinds have a body of their own.
OFFICE_KINDS = frozenset({MeasureKind.NOTICE, MeasureKind.CIRCULAR, MeasureKind.SPECIAL_INSPECTION})
RECORDED_BY_OFFICE = Q(kind__in=OFFICE_KINDS)
MEASURES_OF = {
    Role.CHIEF: RECORDED_BY_OFFICE,
    Role.COMMISSION: Q(kind__in=[MeasureKind.TALK_LEADER, MeasureKind.REMOVAL_PROMPT])
    | Q(kind__in=TALKS_OF_UNIT, talk__state=TalkState.FILED),
    Role.LIAISON: Q(kind__in=TALKS_OF_UNIT) & ~Q(talk__state=TalkState.FILED),
    Role.PERSONNEL: Q(kind__in=[MeasureKind.ASSESSMENT, MeasureKind.BONUS]),
}
ON_MEASURES = frozenset({Role.CHIEF, Role.COMMISSION, Role.LIAISON, Role.PERSONNEL})
SUPERVISING = frozenset({Role.CHIEF, Role.COMMISSION})


def measures_waiting(user: User) -> Q:
    """Condition for the measures that the account records; for freezes the policy table decides."""
    mine = MEASURES_OF.get(Role(user.role), Q(pk=None))
    return mine | Q(kind=MeasureKind.FREEZE) if user.role in policy.starters("acc.hold.set") else mine


def _measures(asked: Asked) -> Columns:
    return _measure_columns(_pending(asked.user).filter(measures_waiting(asked.user)))


def _others_measures(asked: Asked) -> Columns:
    """Return the measures that others have left overdue; only those beyond the grace period are shown."""
    late = _pending(asked.user).overdue(asked.today)
    return _measure_columns(late.exclude(measures_waiting(asked.user)))


def _pending(user: User) -> MeasureQuerySet:
    return measures_for(user).filter(state=MeasureState.PENDING, case__state=CaseState.OPEN)


def _measure_columns(rows: QuerySet[Measure]) -> Columns:
    return Columns(
        rows,
        parent="case_id",
        title=section_name(LISTED),
        detail=Concat(Cast("kind", TextField()), talk_told(), output_field=TextField()),
        due_on="due_on",
        # Only terms in working days have a hint beside them.
        since=Choice(When(kind__in=WORKDAY_KINDS, then="case__opened_at")),
        days=rule_of(LISTED_ROUND, "escalate_days"),
        section=CODE,
    )


def _kind(row: Row) -> MeasureKind:
    return MeasureKind(row.detail.partition("|")[0])


def _measure_label(row: Row) -> str:
    """Return the kind of a pending measure, of a talk with how far it has come."""
    kind, told = _kind(row), row.detail.partition("|")[2]
    return f"{kind.label}，{standing_told(told).label}" if kind in TALKS else str(kind.label)


def _measure_name(row: Row) -> str:
    ends = "（影响期自公示之日起生效，待登记）" if _kind(row) in CONTINUING else ""
    return f"{row.title}：{_measure_label(row)}{ends}"


def _measure_place(row: Row) -> str:
    """Return the talk's record, or the form that records the measure."""
    if _kind(row) in TALKS:
        return reverse("accountability:talk", args=[row.ref])
    return reverse("admin:accountability_measure_record", args=[row.ref])


def _is_escalated(row: Row, today: date) -> bool:
    return urgency(row.due_on, today, row.days) == Urgency.ESCALATED


def _case(row: Row) -> str:
    return reverse("admin:accountability_case_change", args=[row.parent or row.ref])


def _rectification(row: Row) -> str:
    return reverse("accountability:rectification", args=[row.parent or row.ref])


def _item(row: Row) -> str:
    return f"{_rectification(row)}#item-{row.ref}"


def _objection(row: Row) -> str:
    return reverse("accountability:objection", args=[row.ref])


def _rectifications(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        found = Rectification.objects.filter(**conditions)
        return Columns(found, title=section_name(LISTED), detail="state", section=CODE)

    return rows


def _own(due_on: str, **conditions: object) -> Callable[[Asked], Columns]:
    def rows(asked: Asked) -> Columns:
        found = Rectification.objects.running().of_unit(asked.user.unit_code).filter(**conditions)
        named = Columns(found, title=section_name(LISTED), detail="state", section=CODE)
        return replace(named, due_on=due_on, since="case__opened_at")

    return rows


def _own_items(asked: Asked) -> Columns:
    rows = RectificationItem.objects.unfinished().filter(
        rectification__state__in=[RectificationState.RUNNING, RectificationState.REPORTED],
        rectification__case__result__section__department_code=asked.user.unit_code,
    )
    return Columns(rows, parent="rectification_id", title="problem", due_on="due_on", section=f"rectification__{CODE}")


def _items(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        return Columns(
            RectificationItem.objects.filter(**conditions),
            parent="rectification_id",
            title="problem",
            detail=section_name("rectification__case__result__section"),
            due_on="due_on",
            since="finished_at",
            days=rule_of("rectification__case__result__round", "recheck_days"),
            section=f"rectification__{CODE}",
        )

    return rows


def _recheck_until(row: Row) -> date | None:
    """Day by which a finished item must be rechecked (报告后暗访复查期限, rulebook R-H)."""
    return recheck_until(row.started_on, row.days or 0) if row.started_on else None


def _objections(**conditions: object) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        return Columns(
            Objection.objects.filter(**conditions).exclude(round__state=RoundState.VOID),
            title=section_name("section"),
            detail="stage",
            due_on="due_on",
            # Only terms in working days have a hint beside them; an appeal's is in days.
            since=Choice(When(~Q(stage=Stage.APPEAL), then="filed_at")),
            section="section__code",
        )

    return rows


def _corrections(_: Asked) -> Columns:
    """Return the appeals upheld without a correction, as before the decision made it; no rule gives it a term."""
    appeals = Objection.objects.filter(stage=Stage.APPEAL, outcome=Outcome.UPHELD, correction=None)
    return Columns(
        appeals.filter(round__state=RoundState.PUBLISHED),
        parent="round__key",
        title=section_name("section"),
        detail="round_id",
    )


FOLLOWING = Phase.FOLLOWING
SOURCES = (
    Source(
        "measure",
        FOLLOWING,
        ("acc.talk.leader", "acc.talk.head", "acc.hold.set", "acc.assess", "acc.open", "acc.notice"),
        _measures,
        _measure_name,
        _measure_place,
        model="accountability.Measure",
        roles=ON_MEASURES,
        has_term=True,
    ),
    Source(
        "escalated",
        FOLLOWING,
        (),
        _others_measures,
        lambda row: f"督办：{row.title}{_measure_label(row)}",
        _case,
        roles=SUPERVISING,
        has_term=True,
        is_shown=_is_escalated,
    ),
    Source(
        "plan",
        FOLLOWING,
        ("rect.plan",),
        _own("plan_due_on", state__in=WRITABLE),
        lambda row: f"{row.title}：报送整改方案",
        _rectification,
        roles=frozenset({Role.LIAISON}),
        has_term=True,
    ),
    Source(
        "report",
        FOLLOWING,
        ("rect.report",),
        _own("report_due_on", state=RectificationState.RUNNING, reported_at=None),
        lambda row: f"{row.title}：报送整改报告",
        _rectification,
        roles=frozenset({Role.LIAISON}),
    ),
    Source(
        "item",
        FOLLOWING,
        ("rect.report",),
        _own_items,
        lambda row: f"整改事项：{row.title}",
        _item,
        roles=frozenset({Role.LIAISON}),
    ),
    Source(
        "decide",
        FOLLOWING,
        ("rect.return",),
        _rectifications(state=RectificationState.SUBMITTED),
        lambda row: f"{row.title}：审核整改方案",
        _rectification,
        model="accountability.Rectification",
    ),
    Source(
        "accept",
        FOLLOWING,
        ("rect.close",),
        _items(state=ItemState.FINISHED, wanted_due_on=None),
        lambda row: f"暗访复查后验收：{row.detail}“{row.title}”",
        _item,
        model="accountability.RectificationItem",
        due=_recheck_until,
    ),
    Source(
        "extend",
        FOLLOWING,
        ("rect.extend",),
        _items(wanted_due_on__isnull=False),
        lambda row: f"审批延期：{row.detail}“{row.title}”",
        _item,
        model="accountability.RectificationItem",
        decides=True,
    ),
    Source(
        "failed",
        FOLLOWING,
        ("acc.open",),
        _rectifications(state=RectificationState.ESCALATED),
        lambda row: f"{row.title}：整改验收未通过，填写处理意见",
        _rectification,
    ),
    Source(
        "objection",
        Phase.PUBLISHING,
        ("appeal.accept",),
        _objections(state=ObjectionState.FILED),
        lambda row: f"受理{row.title}{Stage(row.detail).label}",
        _objection,
        model="accountability.Objection",
        has_term=True,
    ),
    Source(
        "recount",
        Phase.PUBLISHING,
        ("tally.verify",),
        _objections(state=ObjectionState.ACCEPTED),
        lambda row: f"复算{row.title}{Stage(row.detail).label}",
        _objection,
        roles=frozenset({Role.CLERK, Role.CHIEF}),
        has_term=True,
    ),
    Source(
        "answer",
        Phase.PUBLISHING,
        ("appeal.decide",),
        _objections(state=ObjectionState.RECOUNTED),
        lambda row: f"答复{row.title}{Stage(row.detail).label}",
        _objection,
        decides=True,
        has_term=True,
    ),
    Source(
        "correction",
        Phase.PUBLISHING,
        ("publish.correct", "acc.hold.lift"),
        _corrections,
        lambda row: f"{row.title}申诉成立，更正公示并解除影响期",
        lambda row: reverse("accountability:commission-correct", args=[row.parent]),
        proposal=lambda row: f"publish.correct@evaluations.Round:{row.detail}",
    ),
    Source(
        "lead",
        FOLLOWING,
        ("acc.talk.leader",),
        lambda _: Columns(
            Lead.objects.filter(state=LeadState.RECEIVED), title=section_name("section"), since="received_at"
        ),
        lambda row: f"{row.title}问题线索：核查",
        lambda row: reverse("accountability:lead-conclude", args=[row.ref]),
        roles=frozenset({Role.COMMISSION}),
    ),
    Source(
        "suggestion",
        FOLLOWING,
        ("roster.edit",),
        lambda _: Columns(Suggestion.objects.filter(state__in=UNANSWERED), title="unit", detail="section"),
        lambda row: f"答复群众建议：{row.title}{row.detail}",
        lambda row: reverse("accountability:suggestion-answer", args=[row.ref]),
    ),
)
