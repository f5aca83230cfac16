"""Approvable actions of a round's steps and draws: the content that is approved, and the service behind each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from departments.models import Section
from evaluations.lifecycle import services as lifecycle
from evaluations.rounds.models import Round
from evaluations.rounds.queries import require
from evaluations.rounds.rules.lifecycle import STEP_ACTION, Step
from evaluations.rounds.rules.rulebook import planned_seats
from evaluations.rounds.rules.settings import unusual
from evaluations.rounds.services import refuse_unsettleable, settle_round
from evaluations.sealing.services.opening import seal_round
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

STEP_SERVICES: dict[Step, Callable[..., object]] = {
    Step.FREEZE: lifecycle.freeze_round,
    Step.CONFIRM_DRAWS: lifecycle.confirm_draws,
    Step.OPEN: lifecycle.open_round,
    Step.SEAL: seal_round,
    Step.COUNT: tally_round,
    Step.ANNOUNCE: lifecycle.announce_result,
}


def start_step(*, step: Step, round_id: int, by: User, at: datetime) -> Approval | None:
    """Take a step, or propose it if it needs approval; a step that lacks something is not proposed."""
    if not policy.requires_approval(STEP_ACTION[step]):
        STEP_SERVICES[step](round_id=round_id, by=by, at=at)
        return None
    round_ = Round.objects.get(pk=round_id)
    policy.check_proposes(by, STEP_ACTION[step])
    require(round_, step, at)
    return approvals.propose(f"round.{step.value}", round_, by=by, at=at)


def start_settlement(*, round_id: int, by: User, at: datetime) -> Approval | None:
    """Propose the draft as it stands for approval; a faulty one is refused."""
    round_ = Round.objects.get(pk=round_id)
    refuse_unsettleable(round_)
    return approvals.start("round.edit", round_, by=by, at=at)


def _step_action(step: Step, content: Callable[[Round], dict[str, object]]) -> ApprovableAction:
    return ApprovableAction(
        f"round.{step.value}",
        permission=STEP_ACTION[step],
        label=step.label,
        model=Round,
        content=lambda round_, _: {"轮次": round_.name, **content(round_)},
        perform=calls(STEP_SERVICES[step], "round_id"),
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
    """Return what is approved: the round's name and dates, and every rule that is not the default."""
    seats = planned_seats(round_.rulebook)
    strata = {name: f"{share}%" for name, share in round_.rulebook["evaluator_strata"].items()}
    return {
        "轮次": round_.name,
        "评议期间": f"{round_.period_start}至{round_.period_end}",
        **_times(round_),
        "与默认值不同的规则": unusual(round_.rulebook) or "无",
        "定向评议身份类别": strata,
        **({"各科室发放名额": seats} if seats else {}),
        "评议规则校验值": _rules(round_),
    }


def _times(round_: Round) -> dict[str, object]:
    opens, closes = (timezone.localtime(moment) for moment in (round_.opens_at, round_.closes_at))
    return {"开始投票": f"{opens:%Y-%m-%d %H:%M}", "截止投票": f"{closes:%Y-%m-%d %H:%M}"}


def _drawn(round_: Round) -> dict[str, object]:
    return {draw.get_purpose_display(): draw.commit for draw in round_.draws.standing().order_by("pk")}


def _to_open(round_: Round) -> dict[str, object]:
    return {
        **_times(round_),
        "评议表校验值": round_.ballot_form_sha256,
        "票号批次": [str(b) for b in round_.batches.all()],
    }


def _to_count(round_: Round) -> dict[str, object]:
    return {"封箱总校验值": round_.closing_root, "票数": round_.ballots.count(), **_drawn(round_)}


def _round_action(
    name: str, label: str, content: Callable[[Round, Arguments], Any], perform: Callable[..., object]
) -> ApprovableAction:
    return ApprovableAction(name, permission=name, label=label, model=Round, content=content, perform=perform)


ACTIONS = (
    _step_action(Step.FREEZE, _frozen),
    _step_action(Step.CONFIRM_DRAWS, _drawn),
    _step_action(Step.OPEN, _to_open),
    _step_action(Step.COUNT, _to_count),
    _round_action(
        "round.extend",
        "延期",
        lambda round_, asked: {"轮次": round_.name, **_times(round_), "新的截止时间": asked["closes_at"]},
        calls(lifecycle.extend_round, "round_id", closes_at=datetime.fromisoformat),
    ),
    _round_action(
        "round.void",
        "作废本轮",
        lambda round_, _: {"轮次": round_.name, "状态": round_.get_state_display()},
        calls(lifecycle.void_round, "round_id"),
    ),
    _round_action("round.edit", "审定评议方案", _settled, calls(settle_round, "round_id")),
)
