"""工作台: where the rounds stand, what waits for the account, what comes after the list; and the navigation's pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from accountability.cases.models import cancelled, overdue
from accountability.cases.permissions import measures_for
from accountability.cases.rules.measures import CaseState, MeasureState
from accountability.worklist.queries.calendar import RoundCalendar, calendar_for, calendar_rounds
from accountability.worklist.queries.items import work_items_of
from accountability.worklist.queries.proposals import pending_and_returned
from accountability.worklist.queries.source import Asked
from accountability.worklist.rules import Group, grouped, own_count
from evaluations.lifecycle.pages import Station, stations_of
from evaluations.rounds.models import Round
from evaluations.rounds.queries import state_now
from evaluations.rounds.rules.lifecycle import STEP_ACTION, RoundState, Step, next_step
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.queries import waited_for_at
from evaluations.turnout.pages import TurnoutChart, turnout_chart
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.clock.queries import clock_warning
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import read_once
from nanchuan_eval.workdays.rules import in_chinese
from nanchuan_eval.workspace.pages import Entry
from nanchuan_eval.workspace.rules import Phase

# Who reads that the clock stands still during a vote: those who answer for the vote, and who mends it.
WARNED = frozenset({Role.CLERK, Role.CHIEF, Role.SYSTEM_ADMIN})
PUBLISHING, FOLLOWING, SYSTEM = Phase.PUBLISHING, Phase.FOLLOWING, Phase.SYSTEM
NAVIGATION = (
    Entry(
        Phase.PREPARING,
        "评议对象名录",
        "accountability:roster",
        "roster.view",
        own=True,
        roles=frozenset({Role.SUPERVISOR, Role.LIAISON, Role.INSPECTOR}),
    ),
    Entry(Phase.DRAWING, "本单位办件", "own-records", "records.deliver", own=True, roles=frozenset({Role.LIAISON})),
    Entry(Phase.DRAWING, "抽取公开", "draws", "draw.names", own=True, roles=frozenset({Role.SUPERVISOR})),
    Entry(
        Phase.VOTING,
        "回收监测和票箱",
        "accountability:monitor",
        "round.monitor",
        roles=frozenset({Role.SUPERVISOR}),
    ),
    Entry(PUBLISHING, "前十名和结果", "accountability:commission", "top10.view", order=0),
    Entry(PUBLISHING, "全部科室排名", "accountability:places", "rank.full", roles=frozenset({Role.PERSONNEL})),
    Entry(PUBLISHING, "本单位结果", "accountability:unit", "rank.own", own=True, roles=frozenset({Role.LIAISON})),
    Entry(FOLLOWING, "整改台账", "accountability:rectifications", "rect.view", own=True, order=10),
    Entry(FOLLOWING, "异议和申诉", "accountability:objections", "appeal.view", own=True, order=11),
    Entry(FOLLOWING, "暗访督查", "accountability:inspections", "insp.plan.view", own=True, order=12),
    Entry(
        FOLLOWING,
        "责令整改",
        "accountability:orders",
        roles=frozenset({Role.CHIEF, Role.COMMISSION, Role.LIAISON}),
        order=12,
    ),
    Entry(FOLLOWING, "问题线索", "accountability:leads", "acc.talk.leader", own=True, order=13),
    Entry(FOLLOWING, "影响期查询", "accountability:personnel", "acc.hold.set", order=14),
    Entry(FOLLOWING, "年度综合考核", "accountability:assessment", "acc.assess", order=15),
    Entry(FOLLOWING, "群众建议", "accountability:suggestion-desk", "publish.draft", order=16),
    Entry(
        FOLLOWING,
        "整改评价意见",
        "accountability:remarks",
        "rect.view",
        own=True,
        roles=frozenset({Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.LIAISON}),
        order=17,
    ),
    Entry(SYSTEM, "到期清除", "accountability:retention", "retention.purge", order=20),
)


@dataclass(frozen=True)
class CaseFigures:
    """Cases and measures after the list, as far as the account sees them."""

    open: int
    closed: int
    # Cases of sections that a correction has taken off the list.
    withdrawn: int
    pending: int
    overdue: int


@dataclass(frozen=True)
class RoundCard:
    """A round in work: its timeline, the next step and who takes it, what the running vote waits for."""

    round: Round
    state: str
    stations: list[Station]
    waited_for: str
    next_step: str
    next_by: str
    # Address of the round's page, for those who may open it.
    address: str


@dataclass(frozen=True)
class HomePage:
    """All that the page shows."""

    rounds: list[RoundCard]
    calendars: list[RoundCalendar]
    groups: list[Group]
    count: int
    cases: CaseFigures | None
    # That the scheduled commands stand still while a vote needs them; or "".
    clock_warning: str
    is_demo: bool
    # Turnout of the round whose vote runs, for those who may see it.
    chart: TurnoutChart | None


def home_page(user: User, at: datetime) -> HomePage:
    """Read everything the page shows, in at most 15 queries for any number of rows."""
    today = timezone.localtime(at).date()
    rounds = list(calendar_rounds().prefetch_related("steps"))
    voting = next((round_ for round_ in rounds if round_.state == RoundState.OPEN), None)
    with read_once():
        known = pending_and_returned(Asked(user, at))
        items = work_items_of(user, at=at, rounds=rounds, known=known)
        return HomePage(
            rounds=[_card(round_, user, at, known) for round_ in rounds],
            calendars=calendar_for(user, at, rounds),
            groups=grouped(items, today),
            count=own_count(items),
            cases=case_figures(user, today),
            clock_warning=clock_warning(at) if voting and user.role in WARNED else "",
            is_demo=rounds[0].any_demo if rounds else Round.objects.filter(is_demo=True).exists(),
            chart=turnout_chart(voting, today) if voting and policy.may_see(user, "round.monitor") else None,
        )


def _card(round_: Round, user: User, at: datetime, known: Sequence[Approval]) -> RoundCard:
    step = next_step(RoundState(round_.state))
    is_waiting = bool(waited := waited_for_at(round_, at))
    sees_page = user.is_staff and policy.may_see(user, "round.open")
    return RoundCard(
        round_,
        state_now(round_, at),
        stations_of(round_, at),
        waited,
        step.label if step and not is_waiting else "",
        _by(round_, step, known) if step else "",
        reverse("admin:evaluations_round_change", args=[round_.pk]) if sees_page else "",
    )


def _by(round_: Round, step: Step, known: Sequence[Approval]) -> str:
    """Return whom the step waits for: the approver of what is proposed, the clock, or whoever starts it."""
    if step == Step.SEAL and not is_opened_by_supervisors(round_.rulebook):
        closes = timezone.localtime(round_.closes_at)
        return f"{in_chinese(closes.date())} {closes:%H:%M}投票截止后自动办理"
    wanted = {f"{action}@{Round._meta.label}:{round_.pk}" for action in (STEP_ACTION[step], "round.edit")}
    pending = (each for each in known if each.state == Approval.State.PENDING)
    if waiting := next((each for each in pending if approvals.names_of(each) & wanted), None):
        return f"{waiting.proposed_by.name}已提请，等待{approvals.approvers_of(waiting)}审批"
    return "、".join(role.label for role in policy.starters(STEP_ACTION[step]))


def case_figures(user: User, today: date) -> CaseFigures | None:
    """Count the cases and measures that the account sees; None before there are any."""
    if not policy.may_see(user, "acc.view", own=True):
        return None
    is_cancelled = cancelled("case__")
    is_open, is_pending = Q(case__state=CaseState.OPEN), Q(state=MeasureState.PENDING)
    figures: dict[str, int] = (
        measures_for(user)
        .select_related(None)
        .aggregate(
            open=Count("case", filter=is_open, distinct=True),
            closed=Count("case", filter=~is_open & ~is_cancelled, distinct=True),
            withdrawn=Count("case", filter=is_cancelled, distinct=True),
            pending=Count("pk", filter=is_open & is_pending),
            overdue=Count("pk", filter=is_open & overdue(today)),
        )
    )
    return CaseFigures(**figures) if any(figures.values()) else None
