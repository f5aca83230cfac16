"""日历: the stages of the rounds in work, with what is done, due and late; for the home page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accountability.cases.models import Measure
from accountability.cases.permissions import measures_for
from accountability.cases.rules.measures import TALKS, MeasureState
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import WRITABLE
from accountability.talks.queries import standing_of, with_talks
from accountability.talks.rules import TalkStage
from evaluations.draws.models import Draw
from evaluations.pools.models import PoolNotice
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.queries import leading_round
from evaluations.rounds.rules.calendar import Due, Standing, calendar_of, done_by_state
from evaluations.rounds.rules.lifecycle import LIFE, DrawPurpose, DrawStatus, RoundState
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import Term
from nanchuan_eval.workspace.rules import Phase

OVER = (RoundState.CLOSED, RoundState.VOID)
# The dates of the vote and of the list concern everybody; the visits are secret from the units.
PUBLIC = frozenset({"open", "close", "publish"})
WHOLE = (Role.CLERK, Role.CHIEF, Role.COMMISSION)
ALSO_SEEN: dict[Role, frozenset[str]] = {
    Role.SUPERVISOR: frozenset({"supervisors", "evaluators", "clients", "counted", "count"}),
    Role.LIAISON: frozenset({"freeze", "announce", "objections", "talks", "plans", "reports"}),
    Role.INSPECTOR: frozenset({"reports", "inspections"}),
    Role.PERSONNEL: frozenset({"talks"}),
}


@dataclass(frozen=True)
class CalendarLine:
    """One stage of a round's calendar as it stands on the day."""

    key: str
    on: date
    what: str
    phase: Phase
    standing: Standing
    term: Term | None


@dataclass(frozen=True)
class RoundCalendar:
    """The calendar of one round in work."""

    round_id: int
    name: str
    lines: list[CalendarLine]

    @property
    def done(self) -> list[CalendarLine]:
        """The stages that are done."""
        return [line for line in self.lines if line.standing == Standing.DONE]

    @property
    def open(self) -> list[CalendarLine]:
        """The stages that are due, late or ahead."""
        return [line for line in self.lines if line.standing != Standing.DONE]


def calendar_for(user: User, at: datetime, rounds: Sequence[Round] | None = None) -> list[RoundCalendar]:
    """Return the calendars of the rounds in work with the stages that the role sees (2 queries, 3 with planned talks).

    These are the most advanced round before publication and the one published last; `rounds` = those of
    `calendar_rounds`, where a page has read them already.
    """
    rounds = list(_shown(list(calendar_rounds()) if rounds is None else rounds))
    if not rounds:
        return []
    today, holidays = timezone.localdate(at), Holiday.objects.calendar()
    published = [round_ for round_ in rounds if round_.state == RoundState.PUBLISHED]
    talks = _planned_talks(user, published, today) if published else {}
    found = []
    for round_ in rounds:
        dues = calendar_of(
            timezone.localdate(round_.opens_at),
            timezone.localdate(round_.closes_at),
            round_.rulebook,
            holidays,
            offsets=settings.CALENDAR_DAYS,
            published_on=_published_on(round_),
        )
        done = {*done_by_state(dues, RoundState(round_.state)), *_done(round_)}
        lines = [
            CalendarLine(d.key, d.on, d.what, d.phase, d.standing(done, today), d.term) for d in dues if _sees(user, d)
        ]
        lines = sorted([*lines, *talks.get(round_.pk, [])], key=lambda line: line.on)
        found.append(RoundCalendar(round_.pk, round_.name, lines))
    return found


def _planned_talks(user: User, rounds: Sequence[Round], today: date) -> dict[int, list[CalendarLine]]:
    """Return the planned talks that the account sees and that have no record yet, by round (one query)."""
    if not policy.may_see(user, "acc.view", own=True):
        return {}
    seen = with_talks(measures_for(user)).filter(
        case__result__round__in=rounds, kind__in=TALKS, state=MeasureState.PENDING, talk=None
    )
    found: dict[int, list[CalendarLine]] = {}
    for measure in seen:
        standing = standing_of(measure)
        if standing is None or standing.planned_at is None:
            continue
        on = standing.planned_at.date()
        stands = Standing.LATE if standing.is_past else Standing.DUE if on == today else Standing.AHEAD
        stands = Standing.DONE if standing.stage == TalkStage.HELD else stands
        what = f"{measure.case.result.section}{measure.get_kind_display()}，{standing.label}"
        line = CalendarLine(f"talk-{measure.pk}", on, what, Phase.FOLLOWING, stands, None)
        found.setdefault(measure.case.result.round_id, []).append(line)
    return found


def _sees(user: User, due: Due) -> bool:
    role = Role(user.role) if user.role else None
    return role in WHOLE or due.key in PUBLIC or (role is not None and due.key in ALSO_SEEN.get(role, ()))


def _shown(rounds: Sequence[Round]) -> Iterator[Round]:
    leading = leading_round(rounds)
    published = [round_ for round_ in rounds if round_.state == RoundState.PUBLISHED]
    yield from ([leading] if leading else [])
    yield from published[:1]


def _published_on(round_: Any) -> date | None:
    return timezone.localdate(round_.published_at) if round_.published_at else None


def calendar_rounds() -> QuerySet[Any]:
    """Return the rounds in work with what their calendars depend on (one query)."""
    draws = Draw.objects.standing().filter(round=OuterRef("pk"), status=DrawStatus.PUBLISHED)
    notices = PoolNotice.objects.filter(round=OuterRef("pk"), withdrawn_at=None)
    talks = Measure.objects.filter(case__result__round=OuterRef("pk"), kind__in=TALKS, state=MeasureState.PENDING)
    plans = Rectification.objects.running().filter(case__result__round=OuterRef("pk"))
    published = RoundStep.objects.filter(round=OuterRef("pk"), state=RoundState.PUBLISHED)
    later = Round.objects.filter(period_start__gt=OuterRef("period_start"), state__in=LIFE)
    found: QuerySet[Any] = Round.objects.exclude(state__in=OVER).annotate(
        published_at=Subquery(published.values("at")[:1]),
        has_supervisors_notice=Exists(notices.filter(kind=PoolKind.SUPERVISORS)),
        has_evaluators_notice=Exists(notices.filter(kind=PoolKind.EVALUATORS)),
        has_supervisors=Exists(draws.filter(purpose=DrawPurpose.SUPERVISORS)),
        has_evaluators=Exists(draws.filter(purpose=DrawPurpose.EVALUATORS)),
        has_clients=Exists(draws.filter(purpose=DrawPurpose.CLIENTS)),
        has_counted=Exists(draws.filter(purpose=DrawPurpose.COUNTED)),
        has_talks=Exists(talks),
        has_plans=Exists(plans.filter(state__in=WRITABLE)),
        has_reports=Exists(plans.filter(reported_at=None)),
        has_running=Exists(plans),
        any_demo=Exists(Round.objects.filter(is_demo=True)),
        has_later=Exists(later),
    )
    return found


def _done(round_: Any) -> Iterator[str]:
    """Yield the stages that records, not the round's state, show as done."""
    seen: dict[str, bool] = vars(round_)
    if seen["has_supervisors_notice"] and seen["has_evaluators_notice"]:
        yield "pools"
    for key, name in (
        ("supervisors", "has_supervisors"),
        ("evaluators", "has_evaluators"),
        ("clients", "has_clients"),
        ("counted", "has_counted"),
        ("next", "has_later"),
    ):
        if seen[name]:
            yield key
    if round_.state == RoundState.PUBLISHED:
        for key, name in (
            ("talks", "has_talks"),
            ("plans", "has_plans"),
            ("reports", "has_reports"),
            ("inspections", "has_running"),
        ):
            if not seen[name]:
                yield key
