"""Commitment and ceremony of a draw: each action is performed, or proposed for approval."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from evaluations.draws.models import Draw
from evaluations.draws.services.commitment import commit_draw
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.users.models import User


def start_draw(name: str, *, draw_id: int, by: User, at: datetime, **asked: Any) -> Approval | None:
    """Perform or propose an action on a draw; abandoning an inspection's draw is the commission's own action."""
    draw = Draw.objects.get(pk=draw_id)
    if draw.purpose == DrawPurpose.INSPECTED and name == "draw.abandon":
        name = "inspection.abandon"
    return approvals.start(name, draw, by=by, at=at, **asked)


def start_commitment(*, round_id: int, purpose: str, by: User, at: datetime) -> Approval | None:
    """Commit a draw, or propose it."""
    return approvals.start("draw.commit", Round.objects.get(pk=round_id), by=by, at=at, purpose=purpose)


def _of_draw(draw: Draw, _: Arguments) -> dict[str, object]:
    status = {
        "抽取": str(draw),
        "承诺": draw.commit,
        "种子": draw.seed or "（未产生）",
        "状态": draw.get_status_display(),
    }
    return {**status, "签名": draw.signatures.count()}


def draw_action(name: str, action: str, label: str, service: Callable[..., object]) -> ApprovableAction:
    """Return the approvable action that runs a service on a draw."""

    def perform(draw: Draw, asked: Arguments, *, by: User, at: datetime) -> object:
        return service(draw_id=draw.pk, by=by, at=at, **asked)

    return ApprovableAction(name, permission=action, label=label, model=Draw, content=_of_draw, perform=perform)


def commit(round_: Round, asked: Arguments, *, by: User, at: datetime) -> object:
    """Perform an approved commitment."""
    return commit_draw(round_id=round_.pk, purpose=DrawPurpose(asked["purpose"]), by=by, at=at)


def commitment_content(round_: Round, asked: Arguments) -> dict[str, object]:
    """Return what is approved: the draw, and the number and digest of the people in its pool."""
    pool = list(round_.pool.order_by("pk").values_list("pk", "stratum", "phone_hash", "exclusion"))
    label = DrawPurpose(asked["purpose"]).label
    return {"轮次": round_.name, "抽取": label, "名单库人数": len(pool), "名单校验值": sha256_hex(repr(pool).encode())}
