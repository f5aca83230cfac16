"""Approvable actions of an opening: the recovery card, and going without the rows' authentication."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from evaluations.rounds.models import Round
from evaluations.sealing.rules import Permit
from evaluations.sealing.services.permits import RECOVER_ACTION, permit_opening, refuse_permit
from nanchuan_eval.approvals.services import ApprovableAction, calls

ACTION_OF = {Permit.RECOVERY: RECOVER_ACTION, Permit.UNAUTHENTICATED: "box.unauthenticated"}
CONSEQUENCES = {
    Permit.RECOVERY: "备用卡的两半（P卡、Q卡）同时到场，代替一张监督员密钥卡，写入封箱记录",
    Permit.UNAUTHENTICATED: "系统密钥已丢失，开箱时不能识别是否有人另行写入评议票，写入封箱记录",
}


def _content(round_: Round, arguments: Mapping[str, Any], *, permit: Permit) -> dict[str, object]:
    return {
        "轮次": round_.name,
        "票箱公钥校验值": round_.box_key,
        "开箱所需密钥卡": f"{round_.rulebook['box_needed']}张",
        "办理后果": CONSEQUENCES[permit],
        "理由": arguments["reason"],
    }


def _require(round_: Round, arguments: Mapping[str, Any], *, at: datetime) -> None:
    refuse_permit(round_, arguments["reason"], at)


ACTIONS = tuple(
    ApprovableAction(
        name,
        permission=RECOVER_ACTION,
        label=permit.label,
        model=Round,
        content=partial(_content, permit=permit),
        perform=calls(partial(permit_opening, permit=permit), "round_id"),
        require=_require,
    )
    for permit, name in ACTION_OF.items()
)
