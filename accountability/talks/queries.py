"""Measures together with what is planned and recorded of their talk."""

from datetime import UTC, datetime

from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from accountability.cases.models import Measure
from accountability.cases.rules.measures import TALKS, MeasureState, TalkState
from accountability.cases.rules.standing import Standing, standing
from accountability.talks.models import Talk, TalkPlan
from accountability.talks.rules import TalkStanding, talk_standing
from nanchuan_eval.clock import queries as clock


def current_plans() -> QuerySet[TalkPlan]:
    """Return, within a query of measures, the plan in force: not replaced, and for the person the talk now meets."""
    return TalkPlan.objects.filter(measure=OuterRef("pk"), is_current=True, target=OuterRef("target")).order_by()


def with_talks(measures: QuerySet[Measure]) -> QuerySet[Measure]:
    """Add what the state of the talk depends on, without a further query."""
    return measures.select_related("talk").annotate(
        talk_planned_at=Subquery(current_plans().values("starts_at")),
        talk_held_at=Subquery(current_plans().values("held_at")),
    )


def standing_of(measure: Measure) -> TalkStanding | None:
    """Return the state of the talk of a measure read `with_talks`; None for any other measure."""
    if measure.kind not in TALKS:
        return None
    record: Talk | None = getattr(measure, "talk", None)
    planned_at: datetime | None = vars(measure)["talk_planned_at"]
    return talk_standing(
        MeasureState(measure.state),
        TalkState(record.state) if record else None,
        planned_at and timezone.localtime(planned_at),
        is_held=vars(measure)["talk_held_at"] is not None,
        now=clock.now(),
    )


def state_label(measure: Measure) -> str:
    """Return in words how a measure stands today: of a talk how far it has come, and whether it is overdue."""
    talk, now = standing_of(measure), standing(measure, timezone.localdate())
    if talk is None:
        return str(now.label)
    return f"{talk.label}，{now.label}" if now == Standing.OVERDUE else talk.label


def plan_of(measure: Measure) -> TalkPlan | None:
    """Return the plan in force of a talk (one query)."""
    return measure.talk_plans.filter(is_current=True, target=measure.target).first()


def talk_told() -> Concat:
    """Return as text what the state of a pending talk depends on, for lists of one query: |record|planned|held."""
    plan = current_plans()
    told = ("talk__state", Subquery(plan.values("starts_at")), Subquery(plan.values("held_at")))
    nothing, bar = Value("", output_field=TextField()), Value("|", output_field=TextField())
    texts = [Coalesce(Cast(each, TextField()), nothing) for each in told]
    return Concat(*[part for text in texts for part in (bar, text)], output_field=TextField())


def standing_told(told: str) -> TalkStanding:
    """Return the state of a pending talk from the text of `talk_told`, its first bar left out."""
    record, planned, held = told.split("|")
    planned_at = _moment(planned)
    return talk_standing(
        MeasureState.PENDING,
        TalkState(record) if record else None,
        planned_at and timezone.localtime(planned_at),
        is_held=bool(held),
        now=clock.now(),
    )


def _moment(text: str) -> datetime | None:
    """Return a moment that the database has cast to text; SQLite leaves out that it is UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
