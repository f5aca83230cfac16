"""What waits at the end: cases that can be closed (办结), rounds that can be archived (归档)."""

from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Subquery
from django.urls import reverse

from accountability.cases.models import Case, Measure
from accountability.cases.queries import cases_ended
from accountability.cases.rules.measures import MeasureState
from accountability.inspections.queries import visits_unchecked
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from accountability.rectifications.models import Rectification
from accountability.worklist.queries.source import Asked, Columns, Row, Source, rule_of, section_name
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import Verdict
from nanchuan_eval.workspace.rules import Phase


def _to_close(_: Asked) -> Columns:
    waiting = Measure.objects.filter(case=OuterRef("pk"), state=MeasureState.PENDING)
    running = Rectification.objects.running().filter(case=OuterRef("pk"))
    found = Case.objects.open().filter(~Exists(waiting), ~Exists(running))
    return Columns(found, title=section_name("result__section"), section="result__section__code")


def _to_archive(_: Asked) -> Columns:
    cases = Case.objects.open().filter(result__round=OuterRef("pk"))
    running = Rectification.objects.running().filter(case__result__round=OuterRef("pk"))
    orders = visits_unchecked().filter(plan__round=OuterRef("pk"))
    appeals = Objection.objects.filter(round=OuterRef("pk")).exclude(state=ObjectionState.DECIDED)
    flags = AnomalyFlag.objects.filter(round=OuterRef("pk"), verdict=Verdict.OPEN)
    waiting = [~Exists(rows) for rows in (cases, running, orders, appeals, flags)]
    return Columns(
        Round.objects.filter(*waiting, state=RoundState.PUBLISHED),
        parent="key",
        title="name",
        detail=cases_ended(OuterRef("pk")),
        # A correction may have put a section on the list, whose unit may appeal from that day.
        since=Subquery(
            Publication.objects.filter(round=OuterRef("pk")).order_by("-version").values("published_at")[:1]
        ),
        days=rule_of("", "appeal_days"),
    )


def _is_over(row: Row, today: date) -> bool:
    """True once no unit may appeal any more."""
    return row.started_on is None or today > row.started_on + timedelta(days=row.days or 0)


SOURCES = (
    Source(
        "close",
        Phase.FOLLOWING,
        ("acc.close",),
        _to_close,
        lambda row: f"{row.title}：各项措施已登记、整改已销号，办结问责事项",
        lambda row: reverse("admin:accountability_case_change", args=[row.ref]),
        model="accountability.Case",
    ),
    Source(
        "archive",
        Phase.FOLLOWING,
        ("acc.close",),
        _to_archive,
        lambda row: f"{row.title}：{row.detail}，归档",
        lambda row: reverse("accountability:commission-round", args=[row.parent]) + "#act",
        model="evaluations.Round",
        is_shown=_is_over,
    ),
)
