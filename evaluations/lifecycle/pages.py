"""The round's page in the staff site (轮次工作台): its state, what the next step lacks, who may take it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from evaluations.codes.queries import BatchLine, BoundBatches, batch_lines, bound_batches, counted_batches
from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.draws.approvals import COMMIT, commitment
from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.queries.sample import without_draw
from evaluations.draws.services.commitment import COMMIT_ACTION, DRAWABLE_IN, commit_lacks
from evaluations.draws.services.removals import PEOPLE
from evaluations.pools.rules.kinds import PoolKind
from evaluations.publication.queries import gate_faults
from evaluations.round_log.queries import LogLine, newest_lines
from evaluations.rounds.models import Round, Unfreezing
from evaluations.rounds.permissions import Condition, conditions
from evaluations.rounds.queries import earlier_round, lacks_for, state_now, wanted_draws
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
)
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors, wants_sample_audit
from evaluations.sealing.queries import waited_for_at
from evaluations.sealing.services.opening import OPEN_ACTION
from evaluations.turnout.queries import COLUMNS_EXPLAINED, disclosed_turnout
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.clock.queries import clock_warning
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workspace.pages import Entry
from nanchuan_eval.workspace.rules import Phase

SideLink = tuple[str, str, str, Collection[RoundState]]  # label, address, action to see or start, states
SIDE_PAGES: tuple[SideLink, ...] = (
    ("评议规则", "round-rulebook", "round.open", tuple(RoundState)),
    ("评议计划", "round-plan", "round.open", (RoundState.DRAFT,)),
    ("模拟", "round-simulation", "round.open", LIFE[: LIFE.index(RoundState.OPEN) + 1]),
    ("名单库", "round-pool", "pool.view", LIFE),
    ("办件与名单", "round-frame", "pool.view", LIFE),
    ("票箱密钥", "round-box-key", "box.key", LIFE[LIFE.index(RoundState.DRAWN) :]),
    ("票号批次", "round-batches", "cred.void", ISSUING),
    ("发送情况", "round-messages", "round.monitor", ISSUING),
    ("回收监测", "round-monitor", "round.monitor", ISSUING),
    ("封箱记录", "round-seal-record", "round.close", SEALED),
    ("开箱记录", "round-opening-record", "box.open", SEALED),
)
SIDE_ACTIONS: tuple[SideLink, ...] = (
    ("沿用上一轮", "round-carry", "round.edit", (RoundState.DRAFT,)),
    ("生成票号", "round-codes-together", "cred.print", BEFORE_CLOSING),
    ("导入离线发放清单", "round-import-codes", "cred.print", BEFORE_CLOSING),
    ("开箱", "round-opening", "box.open", (RoundState.OPEN,)),
    ("延期", "round-extend", "round.extend", (RoundState.OPEN,)),
    ("解除锁定", "round-unfreeze", "round.unfreeze", (RoundState.FROZEN,)),
    ("作废", "round-void", "round.void", VOIDABLE),
)
# Pages of a round that the navigation offers for the newest round that has them, by their place there.
NAVIGATION = tuple(
    Entry(phase, f"本轮{label}", "admin:round-now", action, args=(name,), order=order)
    for order, (phase, pages) in enumerate(
        {
            Phase.DRAWING: ("round-pool", "round-frame"),
            Phase.VOTING: ("round-box-key", "round-batches", "round-messages", "round-monitor"),
        }.items()
    )
    for label, name, action, _ in SIDE_PAGES
    if name in pages
)
# Shown before a step is confirmed; only the freeze can be undone (解除锁定).
CONSEQUENCES: Mapping[Step, str] = {
    Step.FREEZE: "锁定后，本轮的参评科室、科室负责人、评议表和评议规则不能再改；"
    "抽取承诺公布前发现有误的，由两人办理“解除锁定”后更正。",
    Step.CONFIRM_DRAWS: "确认后，本轮的监督员和定向评议人员以已公开的抽取结果为准。",
    Step.OPEN: "开启后，到投票开始时间自动收票，到投票截止时间自动停止收票，不能提前结束。",
    Step.SEAL: "封箱后不再收票，全部评议票打乱顺序并封存。",
    Step.COUNT: "计票按锁定的评议规则进行，结果和校验值随即存档，不能修改；认定废票、一票否决或者异议成立的，"
    "依据决定重新计票，以前各次的结果保留。",
    Step.ANNOUNCE: "告知后异议期开始计算，各单位可以看到本单位的初步结果。",
}
# Addresses of the steps that are taken on pages of a later app, which registers them.
STEP_ADDRESS: dict[Step, str] = {}
# The approvable actions of these steps, whose consequences stand beside their buttons.
STEP_PROPOSAL: dict[Step, str] = {}
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
    lacks: list[Condition]
    may: bool
    roles_allowed: str
    # Empty for steps that are taken on accountability's own pages.
    consequence: str = ""
    # The pending proposal, and whether this user may approve it.
    waiting: Approval | None = None
    may_approve: bool = False
    # Where this user proposes to publish in spite of the gate.
    decision: str = ""
    # What the button of a step without a page of its own starts, once nothing is missing.
    start: approvals.Start | None = None


@dataclass(frozen=True)
class DrawLine:
    """One draw of the round: its entry in the register, the draw once committed, what a commitment still lacks."""

    label: str
    purpose: DrawPurpose
    draw: Draw | None
    planned: PlannedDraw | None
    status: str
    plan_address: str
    may_commit: bool
    lacks: list[Condition]
    may_see: bool
    may_take_roster: bool
    # The pending proposal of the commitment.
    waiting: approvals.Waiting | None
    # Announced, but all ballots count without it.
    is_needless: bool = False
    # Earlier attempts, whose record and reason stay.
    abandoned: Sequence[Draw] = ()


@dataclass(frozen=True)
class Link:
    """A link beside the next step, offered in certain states to those for whom it opens."""

    label: str
    address: str


@dataclass(frozen=True)
class RoundPage:
    """All that the page shows."""

    stations: list[Station]
    next: NextStep | None
    draws: list[DrawLine]
    batches: list[BatchLine]
    bound: BoundBatches | None
    pools: list[tuple[str, str, int]]
    turnout: list[dict[str, int | str]]
    log: list[LogLine]
    is_void: bool
    unfreezings: list[Unfreezing]
    links: list[Link]
    sees_batches: bool
    waited_for: str
    # That the scheduled commands stand still, for those who may see or mend it; or "".
    clock_warning: str
    # What was proposed about the round and waits, other than commitments, which stand with their draws.
    proposals: list[approvals.Waiting]
    may_commit: bool
    is_proposed: bool
    columns_explained: str = COLUMNS_EXPLAINED


def round_page(round_: Round, user: User, at: datetime) -> RoundPage:
    """Read everything the round's page shows, in a fixed number of queries."""
    about = approvals.waiting_about(user, round_)
    tallies = round_.tallies.order_by("-version")[:1] if round_.state in COUNTED else ()
    decided = approvals.waiting_about(user, *tallies)
    draws, batches = _draws(round_, user, at, about), batch_lines(counted_batches(round_))
    return RoundPage(
        stations=stations_of(round_, at),
        waited_for=waited_for_at(round_, at),
        clock_warning=clock_warning(at) if round_.state == RoundState.OPEN else "",
        next=_next(round_, user, at, [*about, *decided]),
        draws=draws,
        batches=[line for line in batches if line.batch.section_id is None],
        bound=bound_batches(batches),
        pools=_pools(round_),
        turnout=disclosed_turnout(round_) if round_.state != RoundState.DRAFT else [],
        log=newest_lines(round_, user),
        is_void=round_.state == RoundState.VOID,
        unfreezings=list(round_.unfreezings.select_related("by")),
        links=list(_links(round_, user, {each.approval.action for each in about})),
        proposals=[*(each for each in about if each.approval.action != COMMIT), *decided],
        may_commit=any(line.may_commit and not line.waiting for line in draws),
        is_proposed=policy.requires_approval(COMMIT),
        sees_batches=policy.may_see(user, "cred.void"),
    )


def page_now(name: str) -> str:
    """Return the address of a page of the newest round that has it; "" if no round has."""
    states = next((list(states) for _, page, _, states in SIDE_PAGES if page == name), [])
    round_ = Round.objects.filter(state__in=states).order_by("-period_start", "-pk").first()
    return reverse(f"admin:{name}", args=[round_.pk]) if round_ else ""


def stations_of(round_: Round, at: datetime) -> list[Station]:
    """Return the states of a round with the times at which they were reached; its steps may be prefetched."""
    reached, label = {step.state: step.at for step in round_.steps.all()}, state_now(round_, at)
    return [
        Station(label if state == round_.state else state.label, reached.get(state), state == round_.state)
        for state in LIFE
    ]


def _next(round_: Round, user: User, at: datetime, about: Sequence[approvals.Waiting]) -> NextStep | None:
    """Return the next step; `about` = the proposals that wait about the round."""
    step = next_step(RoundState(round_.state))
    if step is None:
        return None
    proposals = [each.approval for each in about]
    here = reverse("admin:evaluations_round_change", args=[round_.pk])
    found = conditions(round_, lacks_for(round_, step, at), user, proposals)
    lacks = [replace(each, address="") if each.address == here else each for each in found]
    if step == Step.SEAL and (is_opened_by_supervisors(round_.rulebook) or at >= round_.closes_at):
        return _opening(round_, user, lacks)
    address = STEP_ADDRESS.get(step)
    waiting = next((each for each in proposals if each.action == STEP_ACTION[step]), None)
    return NextStep(
        label=step.label,
        address=reverse(address, args=[round_.key]) if address else reverse("admin:round-step", args=[round_.pk, step]),
        lacks=lacks,
        may=policy.may_start(user, STEP_ACTION[step]),
        # A step that no role may take (sealing) is taken by manage.py advance_rounds.
        roles_allowed="、".join(role.label for role in policy.starters(STEP_ACTION[step])) or "系统在投票截止后自动",
        consequence=CONSEQUENCES.get(step, ""),
        waiting=waiting,
        may_approve=waiting is not None and approvals.may_decide(user, waiting),
        decision=decision_address(round_, user) if step == Step.PUBLISH else "",
        start=approvals.Start(STEP_PROPOSAL[step], round_) if step in STEP_PROPOSAL and not lacks else None,
    )


def decision_address(round_: Round, user: User) -> str:
    """Return where this user proposes to publish although too few sections are ranked; "" where that is not needed."""
    if not policy.may_propose(user, "publish.approve") or not gate_faults(round_):
        return ""
    is_proposed = approvals.pending_for(round_.tally, "publish.approve") is not None
    return "" if is_proposed else reverse("admin:round-decide", args=[round_.pk])


def _opening(round_: Round, user: User, lacks: list[Condition]) -> NextStep:
    """Return the step that the page of the opening takes: by cards, or at the desk what the clock has not sealed."""
    is_by_cards = is_opened_by_supervisors(round_.rulebook)
    return NextStep(
        label="开箱" if is_by_cards else Step.SEAL.label,
        address=reverse("admin:round-opening", args=[round_.pk]),
        lacks=lacks,
        may=policy.may_start(user, OPEN_ACTION),
        roles_allowed="、".join(role.label for role in policy.starters(OPEN_ACTION))
        + ("在监督员到场时" if is_by_cards else ""),
        consequence="监督员持密钥卡到场开箱，全部评议票打乱顺序并封存。" if is_by_cards else CONSEQUENCES[Step.SEAL],
    )


def _has_grounds(name: str, round_: Round) -> bool:
    """False if the page has nothing to take over from: there is no earlier round."""
    return name != "round-carry" or earlier_round(round_) is not None


def _links(round_: Round, user: User, pending: Collection[str]) -> Iterator[Link]:
    """Yield the links beside the next step; what waits for an approval is not offered again."""
    state = RoundState(round_.state)
    for label, name, sees, states in SIDE_PAGES:
        if state in states and policy.may_see(user, sees):
            yield Link(label, reverse(f"admin:{name}", args=[round_.pk]))
    for label, name, action, states in SIDE_ACTIONS:
        is_open = state in states and action not in pending and policy.may_start(user, action)
        if is_open and _has_grounds(name, round_):
            yield Link(label, reverse(f"admin:{name}", args=[round_.pk]))
    asks = policy.requires_approval("round.edit") and policy.may_propose(user, "round.edit")
    if state == RoundState.DRAFT and asks and "round.edit" not in pending:
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


def _draws(round_: Round, user: User, at: datetime, about: Sequence[approvals.Waiting]) -> list[DrawLine]:
    draws = list(round_.draws.select_related("planned").defer("params", "result"))
    made = {draw.purpose: draw for draw in draws if draw.status != DrawStatus.ABANDONED}
    given_up = [draw for draw in draws if draw.status == DrawStatus.ABANDONED]
    planned = {line.purpose: line for line in round_.planned_draws.filter(replaced_at=None)}
    # Draws of sections to inspect are committed by the commission with the inspection's plan.
    proposed = {each.approval.kind: each for each in about}
    wanted = {*wanted_draws(round_), DrawPurpose.COUNTED, *(DrawPurpose(draw.purpose) for draw in draws)}
    return [
        replace(
            _draw_line(round_, user, purpose, made.get(purpose), planned.get(purpose), at),
            waiting=proposed.get(commitment(purpose)),
            abandoned=[draw for draw in given_up if draw.purpose == purpose],
        )
        for purpose in DrawPurpose
        if purpose in wanted
    ]


def _draw_line(
    round_: Round, user: User, purpose: DrawPurpose, draw: Draw | None, planned: PlannedDraw | None, at: datetime
) -> DrawLine:
    whole = without_draw(round_) if draw is None and purpose == DrawPurpose.COUNTED else ""
    is_due = draw is None and not whole and round_.state == DRAWABLE_IN[purpose]
    may = policy.may_start(user, COMMIT_ACTION[purpose])
    lacks = conditions(round_, commit_lacks(round_, purpose, at), user) if is_due else []
    return DrawLine(
        label=purpose.label,
        purpose=purpose,
        draw=draw,
        planned=planned,
        status=DrawStatus(draw.status).label if draw else whole or "未开始",
        plan_address=reverse("admin:draw-plan", args=[round_.pk, purpose])
        if may and draw is None and not whole
        else "",
        may_commit=may and is_due and not lacks,
        lacks=lacks,
        may_see=policy.may_see(user, "draw.run"),
        may_take_roster=draw is not None and purpose in PEOPLE and policy.may_start(user, "pool.export"),
        waiting=None,
        is_needless=bool(whole),
    )


def _pools(round_: Round) -> list[tuple[str, str, int]]:
    people = dict(round_.pool.values_list("kind").annotate(people=Count("pk")))
    return [(kind.value, kind.label, people.get(kind, 0)) for kind in PoolKind]
