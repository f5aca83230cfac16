"""日历: the stages of the rounds in work, with what is done, due and late; for the home page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.utils import timezone

from accountability.cases.models import Measure, cancelled
from accountability.cases.permissions import measures_for
from accountability.cases.rules.measures import TALKS, MeasureState
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import WRITABLE, RectificationState
from accountability.talks.queries import standing_of, with_talks
from accountability.talks.rules import TalkStage
from evaluations.draws.models import Draw
from evaluations.draws.queries.sample import needs_draw
from evaluations.pools.models import PoolNotice
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.queries import rounds_in_hand
from evaluations.rounds.rules.calendar import OFFSETS, Due, SoFar, Standing, calendar_of, done_by_state
from evaluations.rounds.rules.lifecycle import COUNTED, LIFE, DrawPurpose, DrawStatus, RoundState
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import Calendar, Term
from nanchuan_eval.workspace.rules import Phase

OVER = (RoundState.CLOSED, RoundState.VOID)
DRAWS = (DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS, DrawPurpose.CLIENTS, DrawPurpose.COUNTED)
POOLS = (PoolKind.SUPERVISORS, PoolKind.EVALUATORS)
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
    # The day on which it was done; before that the day by which it is due.
    on: date
    what: str
    phase: Phase
    standing: Standing
    term: Term | None
    # False where there is nothing to be done by any day, or no record tells when it was done.
    has_day: bool = True


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
        """The stages that are due, late or ahead, and those that do not take place."""
        return [line for line in self.lines if line.standing != Standing.DONE]


def calendar_for(user: User, at: datetime, rounds: Sequence[Round] | None = None) -> list[RoundCalendar]:
    """Return the calendars of the rounds in work with the stages that the role sees (2 queries, 3 with planned talks).

    These are the rounds in hand and the one published last; `rounds` = those of
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
        dues = [_next_roster(round_, due) for due in _dues(round_, today, holidays)]
        stands = _stands(round_, dues, today)
        lines = [_line(due, stands.get(due.key), today) for due in dues if _sees(user, due)]
        lines = sorted([*lines, *talks.get(round_.pk, [])], key=lambda line: line.on)
        found.append(RoundCalendar(round_.pk, round_.name, lines))
    return found


def _dues(round_: Any, today: date, holidays: Calendar) -> list[Due]:
    return calendar_of(
        timezone.localdate(round_.opens_at),
        timezone.localdate(round_.closes_at),
        round_.rulebook,
        holidays,
        offsets=settings.CALENDAR_DAYS,
        so_far=SoFar(
            today,
            announced_on=_day(getattr(round_, _step(RoundState.REVIEW))),
            published_on=_day(getattr(round_, _step(RoundState.PUBLISHED))),
        ),
    )


def _next_roster(round_: Any, due: Due) -> Due:
    """Return the day of the next roster as the next round has it, once there is one."""
    if due.key != "next" or not round_.later_opens_at:
        return due
    days = {**OFFSETS, **settings.CALENDAR_DAYS}["freeze"]
    return replace(due, on=timezone.localdate(round_.later_opens_at) - timedelta(days))


@dataclass(frozen=True)
class _Settled:
    """How a stage stands of which nothing is left to do, and the day of that, if a record tells it."""

    standing: Standing
    on: date | None = None


def _line(due: Due, settled: _Settled | None, today: date) -> CalendarLine:
    if settled is None:
        return CalendarLine(due.key, due.on, due.what, due.phase, due.standing((), today), due.term)
    # The end of a period is the last day of its term also afterwards.
    on, term = settled.on or due.on, due.term if settled.on == due.on else None
    return CalendarLine(due.key, on, due.what, due.phase, settled.standing, term, has_day=bool(settled.on))


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
    published = [round_ for round_ in rounds if round_.state == RoundState.PUBLISHED]
    yield from rounds_in_hand(rounds)
    yield from published[:1]


def _day(moment: datetime | None) -> date | None:
    return timezone.localdate(moment) if moment else None


def _step(state: RoundState) -> str:
    """Return the name under which `calendar_rounds` has the moment of a state."""
    return f"{state}_at"


def _drawn(purpose: DrawPurpose) -> str:
    return f"{purpose}_drawn_at"


def _noticed(kind: PoolKind) -> str:
    return f"{kind}_noticed_at"


def calendar_rounds() -> QuerySet[Any]:
    """Return the rounds in work with what their calendars depend on (one query)."""
    draws = Draw.objects.standing().filter(round=OuterRef("pk"), status=DrawStatus.PUBLISHED)
    notices = PoolNotice.objects.filter(round=OuterRef("pk"), withdrawn_at=None)
    steps = RoundStep.objects.filter(round=OuterRef("pk"))
    talks = Measure.objects.filter(case__result__round=OuterRef("pk"), kind__in=TALKS).exclude(cancelled("case__"))
    plans = Rectification.objects.filter(case__result__round=OuterRef("pk"))
    plans = plans.exclude(state=RectificationState.CANCELLED)
    running = plans.running()
    later = Round.objects.filter(period_start__gt=OuterRef("period_start"), state__in=LIFE)
    later = later.order_by("period_start", "pk")
    locked = RoundStep.objects.filter(round=OuterRef("later_id"), state=RoundState.FROZEN)
    moments: dict[str, Combinable] = {
        **{_step(state): Subquery(steps.filter(state=state).values("at")[:1]) for state in LIFE},
        **{_drawn(purpose): _first(draws.filter(purpose=purpose), "drawn_at") for purpose in DRAWS},
        **{_noticed(kind): _last(notices.filter(kind=kind), "announced_at") for kind in POOLS},
    }
    found = Round.objects.exclude(state__in=OVER).annotate(
        **moments,
        has_talks=Exists(talks.filter(state=MeasureState.PENDING)),
        has_plans=Exists(running.filter(state__in=WRITABLE)),
        has_reports=Exists(running.filter(reported_at=None)),
        has_running=Exists(running),
        talks_on=_last(talks.filter(state=MeasureState.DONE), "done_on"),
        plans_at=_last(plans, "submitted_at"),
        reports_at=_last(plans, "reported_at"),
        closed_on=_last(plans, "closed_on"),
        any_demo=Exists(Round.objects.filter(is_demo=True)),
        later_id=Subquery(later.values("pk")[:1]),
        later_opens_at=Subquery(later.values("opens_at")[:1]),
    )
    with_later: QuerySet[Any] = found.annotate(later_locked_at=Subquery(locked.values("at")[:1]))
    return with_later


def _first(rows: QuerySet[Any], field: str) -> Subquery:
    return Subquery(rows.exclude(**{field: None}).order_by(field).values(field)[:1])


def _last(rows: QuerySet[Any], field: str) -> Subquery:
    return Subquery(rows.exclude(**{field: None}).order_by(f"-{field}").values(field)[:1])


def _stands(round_: Any, dues: Sequence[Due], today: date) -> Mapping[str, _Settled]:
    """Return how the stages stand of which nothing is left to do: by the round's state, and by its records."""
    state = RoundState(round_.state)
    days = {due.key: _day(getattr(round_, _step(due.state))) for due in dues if due.state}
    done = {key: _Settled(Standing.DONE, days[key]) for key in done_by_state(dues, state)}
    told = (*_before_the_list(round_, state), *_objections(round_, dues, today), *_after(round_))
    return {**done, **dict(told)}


def _before_the_list(round_: Any, state: RoundState) -> Iterator[tuple[str, _Settled]]:
    """Yield what notices and draws tell; of a round in whose box few sampled ballots lie none is drawn."""
    noticed = [getattr(round_, _noticed(kind)) for kind in POOLS]
    if all(noticed):
        yield "pools", _Settled(Standing.DONE, _day(max(noticed)))
    drawn = {purpose: _day(getattr(round_, _drawn(purpose))) for purpose in DRAWS}
    yield from ((str(purpose), _Settled(Standing.DONE, on)) for purpose, on in drawn.items() if on)
    if drawn[DrawPurpose.COUNTED]:
        return
    if state in COUNTED or (state == RoundState.SEALED and not needs_draw(round_)):
        yield "counted", _Settled(Standing.NOT_HELD)


def _objections(round_: Any, dues: Sequence[Due], today: date) -> Iterator[tuple[str, _Settled]]:
    """Yield the end of the objections: nobody has to do anything for it, and it is never late."""
    ends_on = next((due.on for due in dues if due.key == "objections"), None)
    if ends_on and getattr(round_, _step(RoundState.REVIEW)) and ends_on < today:
        yield "objections", _Settled(Standing.DONE, ends_on)


def _after(round_: Any) -> Iterator[tuple[str, _Settled]]:
    """Yield the stages after the list of which nothing is left: done where there was anything to do."""
    if round_.later_locked_at:
        yield "next", _Settled(Standing.DONE, _day(round_.later_locked_at))
    if round_.state != RoundState.PUBLISHED:
        return
    for key, is_waiting, on in (
        ("talks", round_.has_talks, round_.talks_on),
        ("plans", round_.has_plans, _day(round_.plans_at)),
        ("reports", round_.has_reports, _day(round_.reports_at)),
        ("inspections", round_.has_running, round_.closed_on),
    ):
        if not is_waiting:
            yield key, _Settled(Standing.DONE if on else Standing.NEEDLESS, on)
