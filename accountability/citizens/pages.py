"""Public view of rectifications, follow-up ratings and answered suggestions."""

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from accountability.cases.models import Case
from accountability.citizens.models import FollowUpCount, Satisfaction, Suggestion, SuggestionState
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import RATEABLE, RectificationState
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.scoring.wording import SMALLEST_SHOWN

# States in which the plan has been accepted: before that it is not public.
SHOWN = (
    RectificationState.RUNNING,
    RectificationState.REPORTED,
    RectificationState.CLOSED,
    RectificationState.ESCALATED,
)


@dataclass(frozen=True)
class PublicCase:
    """Public view of one listed section's rectification, without names of persons."""

    case: Case
    state: str
    items: list[RectificationItem]
    ratings: list[tuple[str, int]]
    may_rate: bool


def published_rounds() -> QuerySet[Round]:
    """Rounds whose rectifications are public."""
    return Round.objects.filter(state__in=PUBLISHED)


def public_cases(round_: Round) -> list[PublicCase]:
    """Rectifications of a round in the order of the list (4 queries)."""
    cases = Case.objects.of_round(round_.pk).filter(result__is_listed=True)
    rows = (
        cases.select_related("result__section", "rectification")
        .prefetch_related(
            Prefetch("rectification__items", RectificationItem.objects.order_by("position")),
            Prefetch("follow_up", FollowUpCount.objects.all()),
        )
        .order_by("result__rank", "pk")
    )
    return [_public(case) for case in rows]


def answered_suggestions() -> QuerySet[Suggestion]:
    """The latest answered suggestions."""
    return Suggestion.objects.exclude(state=SuggestionState.NEW)[:50]


def _public(case: Case) -> PublicCase:
    row: Rectification | None = getattr(case, "rectification", None)
    is_shown = row is not None and row.state in SHOWN
    return PublicCase(
        case=case,
        state=_state(row),
        items=list(row.items.all()) if row and is_shown else [],
        ratings=_ratings(case),
        may_rate=row is not None and row.state in RATEABLE,
    )


def _state(row: Rectification | None) -> str:
    if row is None:
        return "尚未启动整改"
    if row.state == RectificationState.ESCALATED:
        return "整改中"
    return row.get_state_display() if row.state in SHOWN else "正在制定整改方案"


def _ratings(case: Case) -> list[tuple[str, int]]:
    """Votes for each rating; empty while there are fewer than five."""
    counts = {row.satisfaction: row.votes for row in case.follow_up.all()}
    if sum(counts.values()) < SMALLEST_SHOWN:
        return []
    return [(each.label, counts.get(each.value, 0)) for each in Satisfaction]
