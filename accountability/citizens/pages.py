"""Public view of rectifications, follow-up ratings and answered suggestions."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from accountability.cases.models import Case
from accountability.citizens.models import FollowUpCount, FollowUpRemark, Satisfaction, Suggestion
from accountability.citizens.rules import UNANSWERED, normalize_number
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import RATEABLE, RectificationState
from evaluations.public_site.pages.front import Outcome
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.scoring.wording import SMALLEST_SHOWN
from evaluations.tally.models import by_place
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

# States in which the plan has been accepted: before that it is not public.
SHOWN = (
    RectificationState.RUNNING,
    RectificationState.REPORTED,
    RectificationState.CLOSED,
    RectificationState.ESCALATED,
)


# On the front page.
OUTCOMES_SHOWN = 2


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


def public_cases(round_: Round, today: date) -> list[PublicCase]:
    """Rectifications of a round in the order of the list (4 queries)."""
    cases = Case.objects.of_round(round_.pk).filter(result__is_listed=True)
    rows = (
        cases.select_related("result__section", "rectification")
        .prefetch_related(
            Prefetch("rectification__items", RectificationItem.objects.with_overdue(today).order_by("position")),
            Prefetch("follow_up", FollowUpCount.objects.all()),
        )
        .order_by(*by_place("result__"))
    )
    return [_public(case) for case in rows]


def rectification_document(round_: Round) -> dict[str, Any]:
    """Return states, items and ratings of a round's listed sections, without names of persons (4 queries).

    Whether an item is overdue follows from its day and its state; said here, the file would differ from day to day.
    """
    cases = public_cases(round_, timezone.localdate(clock.now()))
    return {"round": round_.key, "is_demo": round_.is_demo, "sections": [_section(each) for each in cases]}


def rectification_outcomes() -> list[Outcome]:
    """Sections by state of rectification, of the latest published lists, as their own pages tell it (2 queries)."""
    rounds = list(published_rounds().only("key", "name")[:OUTCOMES_SHOWN])
    cases = Case.objects.filter(result__round__in=rounds, result__is_listed=True)
    states: dict[int, Counter[str]] = {round_.pk: Counter() for round_ in rounds}
    for case in cases.select_related("result", "rectification").order_by(*by_place("result__")):
        states[case.result.round_id][_state(getattr(case, "rectification", None))] += 1
    return [
        Outcome(
            name=round_.name,
            address=reverse("accountability:results-round", args=[round_.key]),
            figures=states[round_.pk].most_common(),
        )
        for round_ in rounds
    ]


def answered_suggestions() -> QuerySet[Suggestion]:
    """The latest answered suggestions."""
    return Suggestion.objects.exclude(state__in=UNANSWERED)[:50]


def suggestion_of(number: str) -> Suggestion:
    """Return the suggestion with this number; raises if there is none."""
    found = Suggestion.objects.filter(number=number).first()
    if found is None:
        raise RuleViolation("没有这个编号的建议，请对照您记下的编号核对后重新输入。")
    return found


def suggestions_about(asked: str) -> QuerySet[Suggestion]:
    """Return the suggestions whose number, unit or section is asked for, the unanswered ones first; "": all."""
    rows = Suggestion.objects.order_by("reply", "-submitted_on", "-pk")
    try:
        number = normalize_number(asked)
    except RuleViolation:
        number = ""
    about = Q(number=number) | Q(unit__icontains=asked) | Q(section__icontains=asked)
    return rows.filter(about) if asked else rows


def remarks_for(by: User) -> QuerySet[FollowUpRemark]:
    """Return the remarks an account reads: who reads opinions, all; a unit, those passed on to it.

    Of a rectification with fewer than five ratings none: with few of them, a sentence may betray who wrote it.
    """
    rated = FollowUpCount.objects.values("case").annotate(ratings=Sum("votes")).filter(ratings__gte=SMALLEST_SHOWN)
    rows = FollowUpRemark.objects.filter(case__in=rated.values("case"))
    rows = rows.select_related("case__result__section", "case__result__round")
    if policy.may_see(by, "comment.view"):
        return rows
    if by.role != Role.LIAISON or not by.unit_code:
        raise policy.Denied(by, "comment.view")
    return rows.filter(is_passed_on=True, case__result__section__department_code=by.unit_code)


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


def _section(shown: PublicCase) -> dict[str, Any]:
    result = shown.case.result
    return {
        "rank": result.rank,
        "code": result.section.code,
        "department": result.section.department_name,
        "section": result.section.name,
        "state": shown.state,
        "items": [
            {
                "problem": item.problem,
                "state": item.state_now,
                "due_on": item.due_on.isoformat() if item.due_on else None,
                "closed_on": item.closed_on.isoformat() if item.closed_on else None,
            }
            for item in shown.items
        ],
        "ratings": [{"label": label, "votes": votes} for label, votes in shown.ratings] or None,
    }


def _state(row: Rectification | None) -> str:
    if row is None:
        return "尚未启动整改"
    if row.state == RectificationState.ESCALATED:
        return "整改中"
    if row.state == RectificationState.CANCELLED:
        return "整改已撤销"
    return row.get_state_display() if row.state in SHOWN else "正在制定整改方案"


def _ratings(case: Case) -> list[tuple[str, int]]:
    """Votes for each rating; empty while there are fewer than five."""
    counts = {row.satisfaction: row.votes for row in case.follow_up.all()}
    if sum(counts.values()) < SMALLEST_SHOWN:
        return []
    return [(each.label, counts.get(each.value, 0)) for each in Satisfaction]
