"""The read model of a round's page at the desk (轮次工作台): where it stands, what is missing, whose turn it is."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse

from evaluations.models import CodeBatch, Draw, PlannedDraw, Round
from evaluations.rules.pools import PoolKind
from evaluations.rules.rounds import LIFE, STEP_ACTION, DrawPurpose, DrawStatus, RoundState, Step, next_step
from evaluations.services.draw import COMMIT_ACTION, DRAWABLE_IN, commit_faults
from evaluations.services.facts import missing_for, wanted_draws
from evaluations.turnout import ChannelTurnout, turnout
from nanchuan_eval import policy
from nanchuan_eval.models import AuditEntry, User

TRAIL_LENGTH = 12
OVER = (RoundState.CLOSED, RoundState.VOID)
# The steps whose consequences lie in accountability are done at that app's addresses.
STEP_ADDRESS = {
    Step.PUBLISH: "accountability:commission-publish",
    Step.ARCHIVE: "accountability:commission-archive",
}


@dataclass(frozen=True)
class Station:
    """One state on the stepper; `at` is None while it lies ahead."""

    label: str
    at: datetime | None
    is_current: bool


@dataclass(frozen=True)
class NextStep:
    """The one primary button: what it does, what is still missing, who may press it."""

    label: str
    address: str
    lacks: list[str]
    may: bool
    doers: str
    # What it still lacks is known to the app on the right only, which refuses it in words.
    is_elsewhere: bool = False


@dataclass(frozen=True)
class RoundLine:
    """A round on the desk's first page: where it stands and what comes next."""

    round: Round
    state: str
    next: NextStep | None


@dataclass(frozen=True)
class DrawLine:
    """One draw of the round: its line in the register, the draw once committed, what a commitment still lacks."""

    label: str
    draw: Draw | None
    planned: PlannedDraw | None
    status: str
    plan_address: str
    commit_address: str
    lacks: list[str]


@dataclass(frozen=True)
class RoundDesk:
    """All that the page shows."""

    stations: list[Station]
    next: NextStep | None
    draws: list[DrawLine]
    batches: list[CodeBatch]
    pools: list[tuple[str, str, int]]
    turnout: list[ChannelTurnout]
    trail: list[AuditEntry]
    is_void: bool


def build_desk(round_: Round, user: User, at: datetime) -> RoundDesk:
    """Read everything the round's page shows, in a fixed number of queries."""
    return RoundDesk(
        stations=_stations(round_),
        next=_next(round_, user, at),
        draws=_draws(round_, user, at),
        batches=_batches(round_),
        pools=_pools(round_),
        turnout=turnout(round_) if round_.state != RoundState.DRAFT else [],
        trail=_trail(round_) if policy.may_see(user, "round.open") else [],
        is_void=round_.state == RoundState.VOID,
    )


def current_rounds(user: User, at: datetime) -> list[RoundLine]:
    """Return the rounds that are not over, the newest first, with what each waits for."""
    if not policy.may_see(user, "round.open"):
        return []
    rounds = Round.objects.exclude(state__in=OVER)
    return [RoundLine(round_, RoundState(round_.state).label, _next(round_, user, at)) for round_ in rounds]


def _stations(round_: Round) -> list[Station]:
    reached = dict(round_.steps.values_list("state", "at"))
    return [Station(state.label, reached.get(state), state == round_.state) for state in LIFE]


def _next(round_: Round, user: User, at: datetime) -> NextStep | None:
    step = next_step(RoundState(round_.state))
    if step is None:
        return None
    address = STEP_ADDRESS.get(step)
    return NextStep(
        label=step.label,
        address=reverse(address, args=[round_.key]) if address else reverse("admin:round-step", args=[round_.pk, step]),
        lacks=missing_for(round_, step, at),
        may=policy.may(user, STEP_ACTION[step]),
        # What nobody may press (no early close) happens by itself: manage.py advance_rounds.
        doers="、".join(role.label for role in policy.doers(STEP_ACTION[step])) or "系统在截止时间后自动",
        is_elsewhere=step == Step.ARCHIVE,
    )


def _draws(round_: Round, user: User, at: datetime) -> list[DrawLine]:
    made = {draw.purpose: draw for draw in round_.draws.standing().defer("params", "result")}
    planned = {line.purpose: line for line in round_.planned_draws.filter(replaced_at=None)}
    # Draws of sections to inspect are committed by the commission with the inspection's plan.
    wanted = {*wanted_draws(round_), DrawPurpose.COUNTED, *map(DrawPurpose, made)}
    return [
        _draw_line(round_, user, purpose, made.get(purpose), planned.get(purpose), at)
        for purpose in DrawPurpose
        if purpose in wanted
    ]


def _draw_line(
    round_: Round, user: User, purpose: DrawPurpose, draw: Draw | None, planned: PlannedDraw | None, at: datetime
) -> DrawLine:
    is_due = draw is None and round_.state == DRAWABLE_IN[purpose]
    may = policy.may(user, COMMIT_ACTION[purpose])
    return DrawLine(
        label=purpose.label,
        draw=draw,
        planned=planned,
        status=DrawStatus(draw.status).label if draw else "未开始",
        plan_address=reverse("admin:draw-plan", args=[round_.pk, purpose]) if may and draw is None else "",
        commit_address=reverse("admin:draw-commit", args=[round_.pk, purpose]) if may and is_due else "",
        lacks=commit_faults(round_, purpose, at) if is_due else [],
    )


def _batches(round_: Round) -> list[CodeBatch]:
    return list(
        CodeBatch.objects.filter(round=round_).annotate(
            codes=Count("credentials"), used=Count("credentials", filter=Q(credentials__spend__isnull=False))
        )
    )


def _pools(round_: Round) -> list[tuple[str, str, int]]:
    people = dict(round_.pool.values_list("kind").annotate(people=Count("pk")))
    return [(kind.value, kind.label, people.get(kind, 0)) for kind in PoolKind]


def _trail(round_: Round) -> list[AuditEntry]:
    mine = AuditEntry.objects.filter(object_type=round_._meta.label, object_id=str(round_.pk))
    return list(mine.select_related("actor").order_by("-pk")[:TRAIL_LENGTH])
