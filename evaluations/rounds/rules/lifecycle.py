"""Life of a round (轮次): states, steps, and the conditions of each step (rulebook R-E, R-K)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from django.db.models import TextChoices

from evaluations.rounds.rules.lacks import Lack, Place, lacks_at, texts_of
from nanchuan_eval.core.workflow import Flow


class RoundState(TextChoices):
    """轮次状态, in the order a round passes through them."""

    DRAFT = "draft", "筹备"
    FROZEN = "frozen", "名录锁定"
    DRAWN = "drawn", "已抽取"
    OPEN = "open", "评议中"
    SEALED = "sealed", "已封箱"
    COUNTED = "counted", "已计票"
    REVIEW = "review", "异议期"
    PUBLISHED = "published", "已公示"
    CLOSED = "closed", "已归档"
    VOID = "void", "已作废"


class DrawPurpose(TextChoices):
    """抽取内容 (rulebook R-B)."""

    SUPERVISORS = "supervisors", "抽取监督员"
    EVALUATORS = "evaluators", "抽取定向评议人员"
    CLIENTS = "clients", "抽取办事群众"
    ISSUED = "issued", "抽取抽样评议票发放对象"
    COUNTED = "counted", "抽取计票的抽样评议票"
    INSPECTED = "inspected", "抽取暗访科室"


class DrawStatus(TextChoices):
    """States of a draw (抽取)."""

    COMMITTED = "committed", "承诺已公布"
    SEEDED = "seeded", "随机数已录入"
    DRAWN = "drawn", "已抽取"
    PUBLISHED = "published", "已公开"
    ABANDONED = "abandoned", "已作废"


class Step(TextChoices):
    """轮次步骤: each leads from one state to the next."""

    FREEZE = "freeze", "锁定名录和规则"
    CONFIRM_DRAWS = "confirm_draws", "确认抽取完成"
    OPEN = "open", "开启评议"
    SEAL = "seal", "封箱"
    COUNT = "count", "计票"
    ANNOUNCE = "announce", "告知初步结果"
    PUBLISH = "publish", "公示前十名"
    ARCHIVE = "archive", "归档"


LIFE = (
    RoundState.DRAFT,
    RoundState.FROZEN,
    RoundState.DRAWN,
    RoundState.OPEN,
    RoundState.SEALED,
    RoundState.COUNTED,
    RoundState.REVIEW,
    RoundState.PUBLISHED,
    RoundState.CLOSED,
)
STEP_FROM = dict(zip(Step, LIFE[:-1], strict=True))
STEP_TO = dict(zip(Step, LIFE[1:], strict=True))
# What 评议中 is called once the vote has ended and the box is not yet open; no state of its own (box-key.md 1).
AWAITING_OPENING = "已截止，待开箱"
# A round can be declared void before publication; afterwards it can only be corrected.
VOIDABLE = LIFE[: LIFE.index(RoundState.PUBLISHED)]
ROUND_FLOW = Flow(
    {
        state: frozenset({then, RoundState.VOID}) if state in VOIDABLE else frozenset({then})
        for state, then in pairwise(LIFE)
    }
)
# The one way back (解除锁定), before anything was promised to the public.
UNFREEZE_FLOW = Flow({RoundState.FROZEN: frozenset({RoundState.DRAFT})})
# The policy table's action behind each step.
STEP_ACTION = {
    Step.FREEZE: "roster.freeze",
    Step.CONFIRM_DRAWS: "draw.run",
    Step.OPEN: "round.open",
    Step.SEAL: "round.close",
    Step.COUNT: "tally.run",
    Step.ANNOUNCE: "publish.announce",
    Step.PUBLISH: "publish.approve",
    Step.ARCHIVE: "acc.close",
}


@dataclass(frozen=True)
class Readiness:
    """The values that the conditions of the steps depend on."""

    state: RoundState
    now: datetime
    opens_at: datetime
    closes_at: datetime
    is_settled: bool = True
    active_sections: int = 0
    rulebook_errors: tuple[str, ...] = ()
    # Terms that the rules want over before the next round and that are not.
    overlaps: tuple[str, ...] = ()
    phone_faults: tuple[str, ...] = ()
    indicators_without_manifestation: tuple[str, ...] = ()
    draws: Mapping[str, str] = field(default_factory=dict)
    wanted_draws: tuple[DrawPurpose, ...] = ()
    channels_without_codes: tuple[str, ...] = ()
    unfit_codes: tuple[str, ...] = ()
    key_faults: tuple[str, ...] = ()
    # Batch -> what its paper ballots lack.
    paper_faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sampled_ballots: int = 0
    sampled_places: int = 0
    unreviewed_alerts: int = 0
    lacking_openers: int = 0
    # Result -> section.
    listed_without_problems: Mapping[str, str] = field(default_factory=dict)
    objections_until: date | None = None
    objections_hint: str = ""
    undecided: tuple[str, ...] = ()
    open_flags: int = 0
    gate_faults: tuple[str, ...] = ()
    lacking_witnesses: int = 0
    audit_faults: tuple[str, ...] = ()
    # What was opened after the list and is not over.
    open_cases: tuple[str, ...] = ()
    open_rectifications: tuple[str, ...] = ()
    open_orders: tuple[str, ...] = ()
    appeals_until: date | None = None


def state_label(state: RoundState, closes_at: datetime, now: datetime) -> str:
    """Return what a state is called at that moment."""
    return AWAITING_OPENING if state == RoundState.OPEN and now >= closes_at else state.label


def next_step(state: RoundState) -> Step | None:
    """Return the step that leads on from a state, or None at the end."""
    return next((step for step, source in STEP_FROM.items() if source == state), None)


def missing(step: Step, readiness: Readiness) -> list[str]:
    """Return in Chinese what the step still lacks; empty if it may be taken now."""
    return texts_of(lacks(step, readiness))


def lacks(step: Step, readiness: Readiness) -> list[Lack]:
    """Return what the step still lacks, each with the place where it is mended."""
    if readiness.state != STEP_FROM[step]:
        now = state_label(readiness.state, readiness.closes_at, readiness.now)
        text = f"本轮当前为“{now}”，“{step.label}”只能在“{STEP_FROM[step].label}”时进行。"
        return [Lack(text, Place.ROUND)]
    return CONDITIONS[step](readiness)


def _freeze(readiness: Readiness) -> list[Lack]:
    found = lacks_at(Place.RULEBOOK, (f"评议规则有误：{error}" for error in readiness.rulebook_errors))
    found += lacks_at(Place.RULEBOOK, (*readiness.overlaps, *readiness.phone_faults))
    found += lacks_at(
        Place.MANIFESTATIONS,
        (f"指标“{label}”没有启用的表象，请先添加。" for label in readiness.indicators_without_manifestation),
    )
    if not readiness.active_sections:
        found.append(Lack("评议对象名录为空，请先导入单位和科室。", Place.ROSTER))
    if not readiness.is_settled:
        text = "评议方案（名称、时间和评议规则）尚未审定，或审定后又有改动，请提请审定方案。"
        found.append(Lack(text, Place.SETTLEMENT))
    return found


def _confirm_draws(readiness: Readiness) -> list[Lack]:
    return [
        Lack(f"“{purpose.label}”尚未完成并公开。", Place.DRAW, purpose)
        for purpose in readiness.wanted_draws
        if readiness.draws.get(purpose) != DrawStatus.PUBLISHED
    ]


def _open(readiness: Readiness) -> list[Lack]:
    found = lacks_at(
        Place.CODES,
        (f"渠道“{label}”尚未发放票号，请先生成票号批次。" for label in readiness.channels_without_codes),
    )
    # A channel without any code is in the list already.
    unfit = (fault for fault in readiness.unfit_codes if not fault.startswith(readiness.channels_without_codes))
    found += lacks_at(Place.CODES, unfit)
    found += lacks_at(Place.BOX_KEY, readiness.key_faults)
    if readiness.now >= readiness.closes_at:
        found.append(Lack("截止投票时间已过，请先延期。", Place.EXTENSION))
    return found


def _seal(readiness: Readiness) -> list[Lack]:
    if readiness.now >= readiness.closes_at:
        return [
            fault for batch, texts in readiness.paper_faults.items() for fault in lacks_at(Place.PAPER, texts, batch)
        ]
    text = f"尚未到截止投票时间（北京时间{readiness.closes_at:%Y年%-m月%-d日 %H:%M}），不能提前封箱。"
    return [Lack(text, Place.CLOSING)]


def _count(readiness: Readiness) -> list[Lack]:
    found = []
    if readiness.lacking_openers:
        text = f"开箱记录还差{readiness.lacking_openers}名监督员签名。"
        found.append(Lack(text, Place.OPENING_RECORD))
    # No more ballots than places all count without a draw; a draw that was begun is finished.
    needs_draw = readiness.sampled_ballots > readiness.sampled_places or DrawPurpose.COUNTED in readiness.draws
    if readiness.sampled_ballots and needs_draw and readiness.draws.get(DrawPurpose.COUNTED) != DrawStatus.PUBLISHED:
        drawing = f"“{DrawPurpose.COUNTED.label}”尚未完成并公开，请先抽取并公开证明。"
        text = f"已收回抽样评议票{readiness.sampled_ballots}张，{drawing}"
        found.append(Lack(text, Place.DRAW, DrawPurpose.COUNTED))
    if readiness.unreviewed_alerts:
        text = f"还有{readiness.unreviewed_alerts}条领票异常没有核查，请在“回收监测”中核查。"
        found.append(Lack(text, Place.ALERTS))
    return found


def _announce(readiness: Readiness) -> list[Lack]:
    found = [
        Lack(f"上榜科室“{name}”的主要问题尚未填写。", Place.PROBLEMS, result)
        for result, name in readiness.listed_without_problems.items()
    ]
    if readiness.lacking_witnesses:
        found.append(Lack(f"计票记录还差{readiness.lacking_witnesses}名监督员签名。", Place.COUNT_RECORD))
    return found + lacks_at(Place.SAMPLE, readiness.audit_faults)


def _publish(readiness: Readiness) -> list[Lack]:
    found = _announce(readiness)
    if readiness.objections_until and readiness.now.date() <= readiness.objections_until:
        hint = f"（{readiness.objections_hint}）" if readiness.objections_hint else ""
        text = f"异议期至{readiness.objections_until:%Y年%-m月%-d日}止{hint}，期满后方可公示。"
        found.append(Lack(text, Place.OBJECTION_PERIOD))
    found += lacks_at(Place.GATE, readiness.gate_faults)
    if readiness.open_flags:
        text = f"还有{readiness.open_flags}件异常提示没有处理，请决定保留计票或者认定废票。"
        found.append(Lack(text, Place.FLAGS))
    return found + lacks_at(Place.HOLDS, (f"“{subject}”尚未办结，办结后方可公示。" for subject in readiness.undecided))


def _archive(readiness: Readiness) -> list[Lack]:
    cases, running, orders = readiness.open_cases, readiness.open_rectifications, readiness.open_orders
    found = []
    if running:
        found.append(Lack(f"尚有{len(running)}件整改未销号：{'、'.join(running)}。", Place.CASES))
    if cases:
        found.append(Lack(f"尚有{len(cases)}件问责事项未办结：{'、'.join(cases)}，请先办结。", Place.CASES))
    if orders:
        text = f"尚有{len(orders)}次暗访发现的问题没有责令整改或者没有复查：{'、'.join(orders)}。"
        found.append(Lack(text, Place.VISITS))
    if readiness.open_flags:
        text = f"重新计票发现的{readiness.open_flags}件异常提示没有处理，请核查后决定保留计票。"
        found.append(Lack(text, Place.FLAGS))
    if readiness.appeals_until and readiness.now.date() <= readiness.appeals_until:
        found.append(
            Lack(f"申诉期至{readiness.appeals_until:%Y年%-m月%-d日}止，期满后方可归档。", Place.OBJECTION_PERIOD)
        )
    return found + lacks_at(Place.HOLDS, (f"“{subject}”尚未答复，答复后方可归档。" for subject in readiness.undecided))


CONDITIONS: Mapping[Step, Callable[[Readiness], list[Lack]]] = {
    Step.FREEZE: _freeze,
    Step.CONFIRM_DRAWS: _confirm_draws,
    Step.OPEN: _open,
    Step.SEAL: _seal,
    Step.COUNT: _count,
    Step.ANNOUNCE: _announce,
    Step.PUBLISH: _publish,
    Step.ARCHIVE: _archive,
}

SEALED = LIFE[LIFE.index(RoundState.SEALED) :]
ISSUING = LIFE[LIFE.index(RoundState.FROZEN) :]
BEFORE_PUBLICATION = frozenset({RoundState.COUNTED, RoundState.REVIEW})
DEMO_NOTICE = "演示数据，非真实评议结果"
WAITS_FOR_APPROVAL = "评议方案已提请审批，审批前不能修改。"
# Only published lists have consequences, so only these rounds are a section's history.
PUBLISHED = (RoundState.PUBLISHED, RoundState.CLOSED)
# States in which a result exists; before that no score of any kind is computed anywhere.
COUNTED = frozenset({RoundState.COUNTED, RoundState.REVIEW, RoundState.PUBLISHED, RoundState.CLOSED})
