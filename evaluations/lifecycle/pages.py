"""The round's page in the staff site (轮次工作台): its state, what the next step lacks, who may take it."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.queries import BatchLine, batch_lines, counted_batches
from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.services.commitment import COMMIT_ACTION, DRAWABLE_IN, commit_faults
from evaluations.pools.rules import POOL_OF, PoolKind
from evaluations.publication.queries import gate_faults
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for, state_now, wanted_draws
from evaluations.rounds.rules.lifecycle import (
    COUNTED,
    ISSUING,
    LIFE,
    PUBLISHED,
    SEALED,
    STEP_ACTION,
    VOIDABLE,
    DrawPurpose,
    DrawStatus,
    RoundState,
    Step,
    next_step,
    state_label,
)
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors, wants_sample_audit
from evaluations.sealing.queries import waited_for_at
from evaluations.sealing.services.opening import OPEN_ACTION
from evaluations.turnout.queries import COLUMNS_EXPLAINED, disclosed_turnout
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

LOG_LENGTH = 12
OVER = (RoundState.CLOSED, RoundState.VOID)
SideLink = tuple[str, str, str, Container[RoundState]]  # label, address, action to see or perform, states
SIDE_PAGES: tuple[SideLink, ...] = (
    ("评议规则", "round-rulebook", "round.open", tuple(RoundState)),
    ("评议计划", "round-plan", "round.open", (RoundState.DRAFT,)),
    ("模拟", "round-simulation", "round.open", LIFE[: LIFE.index(RoundState.OPEN) + 1]),
    ("名单库", "round-pool", "pool.view", LIFE),
    ("票箱密钥", "round-box-key", "box.key", LIFE[LIFE.index(RoundState.DRAWN) :]),
    ("票号批次", "round-batches", "cred.void", ISSUING),
    ("回收监测", "round-monitor", "round.monitor", ISSUING),
    ("封箱记录", "round-seal-record", "round.close", SEALED),
    ("开箱记录", "round-opening-record", "box.open", SEALED),
)
SIDE_ACTIONS: tuple[SideLink, ...] = (
    ("生成票号", "round-codes", "cred.print", BEFORE_CLOSING),
    ("导入离线发放清单", "round-import-codes", "cred.print", BEFORE_CLOSING),
    ("开箱", "round-opening", "box.open", (RoundState.OPEN,)),
    ("延期", "round-extend", "round.extend", (RoundState.OPEN,)),
    ("作废", "round-void", "round.void", VOIDABLE),
)
# Shown before a step is confirmed; no step can be undone.
CONSEQUENCES: Mapping[Step, str] = {
    Step.FREEZE: "锁定后，本轮的参评科室、科室负责人、评议表和评议规则不能再改。",
    Step.CONFIRM_DRAWS: "确认后，本轮的监督员和定向评议人员以已公开的抽取结果为准。",
    Step.OPEN: "开启后，到投票开始时间自动收票，到投票截止时间自动停止收票，不能提前结束。",
    Step.SEAL: "封箱后不再收票，全部评议票打乱顺序并封存。",
    Step.COUNT: "计票按锁定的评议规则进行，只计一次，结果和校验值随即存档，不能修改。",
    Step.ANNOUNCE: "告知后异议期开始计算，各单位可以看到本单位的初步结果。",
}
# Addresses of the steps that are taken on pages of a later app, which registers them.
STEP_ADDRESS: dict[Step, str] = {}
# Pages of a counted round (label, address), registered by the app that has them.
RESULT_PAGES: list[tuple[str, str]] = []


@dataclass(frozen=True)
class Station:
    """One state on the stepper; `at` is None until it is reached."""

    label: str
    at: datetime | None
    is_current: bool


@dataclass(frozen=True)
class NextStep:
    """The primary button: the next step, what it still lacks, who may take it."""

    label: str
    address: str
    lacks: list[str]
    may: bool
    roles_allowed: str
    # Only accountability can check this step's conditions.
    is_elsewhere: bool = False
    # Empty for steps that are taken on accountability's own pages.
    consequence: str = ""
    # The pending proposal, and whether this user may approve it.
    waiting: Approval | None = None
    may_approve: bool = False
    # True if the user may see the cases that archiving waits for.
    sees_cases: bool = False
    # Where this user proposes to publish in spite of the gate.
    decision: str = ""


@dataclass(frozen=True)
class RoundLine:
    """A round on the staff site's first page, with its next step."""

    round: Round
    state: str
    # Whom a round whose vote has ended waits for; empty at other times.
    waited_for: str
    next: NextStep | None
    # Alerts of the open channel that nobody has reviewed.
    alerts: int


@dataclass(frozen=True)
class DrawLine:
    """One draw of the round: its entry in the register, the draw once committed, what a commitment still lacks."""

    label: str
    draw: Draw | None
    planned: PlannedDraw | None
    status: str
    plan_address: str
    commit_address: str
    lacks: list[str]
    may_see: bool
    may_take_roster: bool


@dataclass(frozen=True)
class Link:
    """A link beside the next step, offered in certain states to those who may use it."""

    label: str
    address: str


@dataclass(frozen=True)
class RoundPage:
    """All that the page shows."""

    stations: list[Station]
    next: NextStep | None
    draws: list[DrawLine]
    batches: list[BatchLine]
    pools: list[tuple[str, str, int]]
    turnout: list[dict[str, int | str]]
    log: list[AuditEntry]
    is_void: bool
    links: list[Link]
    sees_batches: bool
    waited_for: str
    columns_explained: str = COLUMNS_EXPLAINED


def round_page(round_: Round, user: User, at: datetime) -> RoundPage:
    """Read everything the round's page shows, in a fixed number of queries."""
    return RoundPage(
        stations=_stations(round_, at),
        waited_for=waited_for_at(round_, at),
        next=_next(round_, user, at),
        draws=_draws(round_, user, at),
        batches=batch_lines(counted_batches(round_)),
        pools=_pools(round_),
        turnout=disclosed_turnout(round_) if round_.state != RoundState.DRAFT else [],
        log=_log(round_) if policy.may_see(user, "round.open") else [],
        is_void=round_.state == RoundState.VOID,
        links=list(_links(round_, user)),
        sees_batches=policy.may_see(user, "cred.void"),
    )


def current_rounds(user: User, at: datetime) -> list[RoundLine]:
    """Return the rounds that are not over, the newest first, each with its next step."""
    if not policy.may_see(user, "round.open"):
        return []
    alerts = dict(OpenClaimAlert.objects.unreviewed().order_by().values_list("batch__round").annotate(Count("pk")))
    return [
        RoundLine(
            round_, state_now(round_, at), waited_for_at(round_, at), _next(round_, user, at), alerts.get(round_.pk, 0)
        )
        for round_ in Round.objects.exclude(state__in=OVER)
    ]


def _stations(round_: Round, at: datetime) -> list[Station]:
    reached = dict(round_.steps.values_list("state", "at"))
    return [
        Station(state_label(state, round_.closes_at, at), reached.get(state), state == round_.state) for state in LIFE
    ]


def _next(round_: Round, user: User, at: datetime) -> NextStep | None:
    step = next_step(RoundState(round_.state))
    if step is None:
        return None
    if step == Step.SEAL and is_opened_by_supervisors(round_.rulebook):
        return _opening(round_, user, at)
    address = STEP_ADDRESS.get(step)
    waiting = approvals.pending_for(round_, STEP_ACTION[step])
    return NextStep(
        label=step.label,
        address=reverse(address, args=[round_.key]) if address else reverse("admin:round-step", args=[round_.pk, step]),
        lacks=missing_for(round_, step, at),
        may=policy.may_start(user, STEP_ACTION[step]),
        # A step that no role may take (sealing) is taken by manage.py advance_rounds.
        roles_allowed="、".join(role.label for role in policy.starters(STEP_ACTION[step])) or "截止时间后由系统自动",
        is_elsewhere=step == Step.ARCHIVE,
        consequence=CONSEQUENCES.get(step, ""),
        waiting=waiting,
        may_approve=waiting is not None and approvals.may_decide(user, waiting),
        sees_cases=policy.may_see(user, "acc.view"),
        decision=decision_address(round_, user) if step == Step.PUBLISH else "",
    )


def decision_address(round_: Round, user: User) -> str:
    """Return where this user proposes to publish although too few sections are ranked; "" where that is not needed."""
    is_due = policy.may_propose(user, "publish.approve") and gate_faults(round_)
    return reverse("admin:round-decide", args=[round_.pk]) if is_due else ""


def _opening(round_: Round, user: User, at: datetime) -> NextStep:
    """Return the step of a box that the supervisors open, which its own page takes."""
    return NextStep(
        label="开箱",
        address=reverse("admin:round-opening", args=[round_.pk]),
        lacks=missing_for(round_, Step.SEAL, at),
        may=policy.may_start(user, OPEN_ACTION),
        roles_allowed="、".join(role.label for role in policy.starters(OPEN_ACTION)) + "在监督员到场时",
        consequence="监督员持密钥卡到场开箱，全部评议票打乱顺序并封存。",
    )


def _links(round_: Round, user: User) -> Iterator[Link]:
    state = RoundState(round_.state)
    for label, name, sees, states in SIDE_PAGES:
        if state in states and policy.may_see(user, sees):
            yield Link(label, reverse(f"admin:{name}", args=[round_.pk]))
    for label, name, action, states in SIDE_ACTIONS:
        if state in states and (policy.may(user, action) or policy.may_propose(user, action)):
            yield Link(label, reverse(f"admin:{name}", args=[round_.pk]))
    if state == RoundState.DRAFT and policy.requires_approval("round.edit") and policy.may_propose(user, "round.edit"):
        yield Link("提请审定评议方案", reverse("admin:round-settle", args=[round_.pk]))
    if state in ISSUING:
        yield Link("票箱公开页", reverse("box", args=[round_.key]))
    if state in COUNTED and policy.may_see(user, "tally.view"):
        yield from _result_links(round_, user)


def _result_links(round_: Round, user: User) -> Iterator[Link]:
    if round_.state in PUBLISHED and (address := decision_address(round_, user)):
        yield Link("提请决定公示", address)
    results = reverse("admin:evaluations_sectionresult_changelist")
    yield Link("科室结果和主要问题", f"{results}?round__id__exact={round_.pk}")
    if wants_sample_audit(round_.rulebook):
        yield Link("抽样核对", reverse("admin:round-sample", args=[round_.pk]))
    for label, address in RESULT_PAGES:
        yield Link(label, reverse(address, args=[round_.key]))


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
    may = policy.may_start(user, COMMIT_ACTION[purpose])
    return DrawLine(
        label=purpose.label,
        draw=draw,
        planned=planned,
        status=DrawStatus(draw.status).label if draw else "未开始",
        plan_address=reverse("admin:draw-plan", args=[round_.pk, purpose]) if may and draw is None else "",
        commit_address=reverse("admin:draw-commit", args=[round_.pk, purpose]) if may and is_due else "",
        lacks=commit_faults(round_, purpose, at) if is_due else [],
        may_see=policy.may_see(user, "draw.run"),
        may_take_roster=draw is not None and purpose in POOL_OF and policy.may_start(user, "pool.export"),
    )


def _pools(round_: Round) -> list[tuple[str, str, int]]:
    people = dict(round_.pool.values_list("kind").annotate(people=Count("pk")))
    return [(kind.value, kind.label, people.get(kind, 0)) for kind in PoolKind]


def _log(round_: Round) -> list[AuditEntry]:
    mine = AuditEntry.objects.filter(object_type=round_._meta.label, object_id=str(round_.pk))
    return list(mine.select_related("actor").order_by("-pk")[:LOG_LENGTH])
