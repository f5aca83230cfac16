"""The steps of a round and its draws as acts of two persons: what exactly is approved, and the service that does it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from departments.models import Section
from evaluations.models import Draw, Round
from evaluations.rules.rounds import STEP_ACTION, DrawPurpose, Step
from evaluations.rules.rulebook import unusual
from evaluations.services import ceremony
from evaluations.services import round as steps
from evaluations.services.draw import abandon_draw, commit_draw
from evaluations.services.facts import require
from evaluations.services.sealing import seal_round
from evaluations.services.tally import tally_round
from nanchuan_eval import approvals, policy
from nanchuan_eval.approvals import Arguments, Deed
from nanchuan_eval.models import Approval, User
from nanchuan_eval.rules.canonical import canonical_json, sha256_hex

STEP_SERVICES: dict[Step, Callable[..., object]] = {
    Step.FREEZE: steps.freeze_round,
    Step.CONFIRM_DRAWS: steps.confirm_draws,
    Step.OPEN: steps.open_round,
    Step.SEAL: seal_round,
    Step.COUNT: tally_round,
    Step.ANNOUNCE: steps.announce_result,
}


def start_step(*, step: Step, round_id: int, by: User, at: datetime) -> Approval | None:
    """Do a step, or propose it where it takes two; what it still lacks is said before anybody is asked to approve."""
    if not policy.requires_approval(STEP_ACTION[step]):
        STEP_SERVICES[step](round_id=round_id, by=by, at=at)
        return None
    round_ = Round.objects.get(pk=round_id)
    policy.check_proposes(by, STEP_ACTION[step])
    require(round_, step, at)
    return approvals.propose(f"round.{step.value}", round_, by=by, at=at)


def start_settlement(*, round_id: int, by: User, at: datetime) -> Approval | None:
    """Propose a draft as it is written now; what stands against it is said before anybody is asked to approve."""
    round_ = Round.objects.get(pk=round_id)
    steps.refuse_unsettleable(round_)
    return approvals.start("round.edit", round_, by=by, at=at)


def start_draw(name: str, *, draw_id: int, by: User, at: datetime, **asked: Any) -> Approval | None:
    """Do, or propose, something with a draw; the inspections' own draws are the commission's."""
    draw = Draw.objects.get(pk=draw_id)
    if draw.purpose == DrawPurpose.INSPECTED and name == "draw.abandon":
        name = "inspection.abandon"
    return approvals.start(name, draw, by=by, at=at, **asked)


def start_commitment(*, round_id: int, purpose: str, by: User, at: datetime) -> Approval | None:
    """Commit a draw, or propose it."""
    return approvals.start("draw.commit", Round.objects.get(pk=round_id), by=by, at=at, purpose=purpose)


def _step_deed(step: Step, content: Callable[[Round], dict[str, object]]) -> Deed:
    return Deed(
        f"round.{step.value}",
        action=STEP_ACTION[step],
        label=step.label,
        model=Round,
        content=lambda round_, _: {"轮次": round_.name, **content(round_)},
        perform=lambda round_, _, by, at: STEP_SERVICES[step](round_id=round_.pk, by=by, at=at),
    )


def _frozen(round_: Round) -> dict[str, object]:
    fields = ("code", "name", "department__code", "department__name", "service_kind", "tenures__name")
    rows = list(Section.objects.active().order_by("code", "tenures__starts_on", "tenures__pk").values_list(*fields))
    roster = sha256_hex(repr(rows).encode())
    return {
        "参评科室": len({row[0] for row in rows}),
        "名录校验值": roster,
        "评议规则校验值": _rules(round_),
        **_times(round_),
    }


def _rules(round_: Round) -> str:
    return sha256_hex(canonical_json(round_.rulebook))


def _settled(round_: Round, _: Arguments) -> dict[str, object]:
    """What is settled: the round's name and days, and every rule that is not the usual one."""
    strata = {name: f"{share}%" for name, share in round_.rulebook["evaluator_strata"].items()}
    return {
        "轮次": round_.name,
        "评议期间": f"{round_.period_start}至{round_.period_end}",
        **_times(round_),
        "与默认值不同的规则": unusual(round_.rulebook) or "无",
        "定向评议身份类别": strata,
        "评议规则校验值": _rules(round_),
    }


def _times(round_: Round) -> dict[str, object]:
    opens, closes = (timezone.localtime(moment) for moment in (round_.opens_at, round_.closes_at))
    return {"开始投票": f"{opens:%Y-%m-%d %H:%M}", "截止投票": f"{closes:%Y-%m-%d %H:%M}"}


def _drawn(round_: Round) -> dict[str, object]:
    return {draw.get_purpose_display(): draw.commit for draw in round_.draws.standing().order_by("pk")}


def _to_open(round_: Round) -> dict[str, object]:
    return {**_times(round_), "评议表校验值": round_.paper_sha256, "票号批次": [str(b) for b in round_.batches.all()]}


def _to_count(round_: Round) -> dict[str, object]:
    return {"封箱总校验值": round_.closing_root, "票数": round_.ballots.count(), **_drawn(round_)}


def _of_draw(draw: Draw, _: Arguments) -> dict[str, object]:
    status = {
        "抽取": str(draw),
        "承诺": draw.commit,
        "种子": draw.seed or "（未产生）",
        "状态": draw.get_status_display(),
    }
    return {**status, "签名": draw.signatures.count()}


def _draw_deed(name: str, action: str, label: str, service: Callable[..., object]) -> Deed:
    def perform(draw: Draw, asked: Arguments, *, by: User, at: datetime) -> object:
        return service(draw_id=draw.pk, by=by, at=at, **asked)

    return Deed(name, action=action, label=label, model=Draw, content=_of_draw, perform=perform)


def _extend(round_: Round, asked: Arguments, *, by: User, at: datetime) -> object:
    closes_at = datetime.fromisoformat(asked["closes_at"])
    return steps.extend_round(round_id=round_.pk, closes_at=closes_at, reason=asked["reason"], by=by, at=at)


def _commit(round_: Round, asked: Arguments, *, by: User, at: datetime) -> object:
    return commit_draw(round_id=round_.pk, purpose=DrawPurpose(asked["purpose"]), by=by, at=at)


def _to_commit(round_: Round, asked: Arguments) -> dict[str, object]:
    pool = list(round_.pool.order_by("pk").values_list("pk", "stratum", "phone_hash", "exclusion"))
    label = DrawPurpose(asked["purpose"]).label
    return {"轮次": round_.name, "抽取": label, "名单库人数": len(pool), "名单校验值": sha256_hex(repr(pool).encode())}


def _deed(name: str, label: str, content: Callable[[Round, Arguments], Any], perform: Callable[..., object]) -> Deed:
    return Deed(name, action=name, label=label, model=Round, content=content, perform=perform)


ROUND_DEEDS = (
    _step_deed(Step.FREEZE, _frozen),
    _step_deed(Step.CONFIRM_DRAWS, _drawn),
    _step_deed(Step.OPEN, _to_open),
    _step_deed(Step.COUNT, _to_count),
    _deed(
        "round.extend",
        "延期",
        lambda round_, asked: {"轮次": round_.name, **_times(round_), "新的截止时间": asked["closes_at"]},
        _extend,
    ),
    _deed(
        "round.void",
        "作废本轮",
        lambda round_, _: {"轮次": round_.name, "状态": round_.get_state_display()},
        lambda round_, asked, by, at: steps.void_round(round_id=round_.pk, reason=asked["reason"], by=by, at=at),
    ),
    _deed(
        "round.edit",
        "审定评议方案",
        _settled,
        lambda round_, _, by, at: steps.settle_round(round_id=round_.pk, by=by, at=at),
    ),
    _deed("draw.commit", "公布抽取承诺", _to_commit, _commit),
    _draw_deed("draw.abandon", "draw.commit", "作废抽取", abandon_draw),
    _draw_deed("inspection.abandon", "insp.plan", "作废暗访科室抽取", abandon_draw),
    _draw_deed("draw.run", "draw.run", "执行抽取", ceremony.run_draw),
    _draw_deed("draw.publish", "draw.run", "公开抽取证明", ceremony.publish_draw),
)
