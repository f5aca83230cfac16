"""Actions on a box key that need two persons: a new key, cards lost or handed over."""

import json
from dataclasses import replace
from datetime import datetime

from evaluations.box_key.queries import COMMISSION, current_key, supervisors_in_office
from evaluations.box_key.rules import MADE
from evaluations.box_key.services import holding
from evaluations.box_key.services.making import BOX_KEY, ONLINE_KEY, adopt_key, refuse_too_late, refuse_unfit_record
from evaluations.rounds.models import Round
from nanchuan_eval.approvals.authorizations import authorizing_action
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.core.canonical import sha256_hex

LOST, HANDED_OVER = "box.card_lost", "box.card_handover"


def _holders(round_: Round) -> dict[str, str]:
    """Return the supervisors' anonymous numbers by card: names stand in no proposal, which is kept for ever."""
    return {f"S{x}": entry.token[:16] for x, entry in enumerate(supervisors_in_office(round_), start=1)}


def _replaced(round_: Round) -> str:
    key = current_key(round_)
    return key.key_id if key else "无"


def _to_adopt(round_: Round, asked: Arguments) -> dict[str, object]:
    record = json.loads(asked["record"])
    return {
        "轮次": round_.name,
        "票箱公钥校验值": record["key_id"],
        "密钥登记校验值（SHA-256）": sha256_hex(asked["record"].encode()),
        "生成方式": MADE[record["made"]],
        "开箱": f"{record['supervisors']}名监督员中至少{record['needed']}人到场",
        "持卡监督员（匿名编号）": _holders(round_),
        "作废的票箱公钥校验值": _replaced(round_),
    }


def _to_make(round_: Round, _: Arguments) -> dict[str, object]:
    return {
        "轮次": round_.name,
        "开箱": f"{round_.rulebook['supervisors']}名监督员中至少{round_.rulebook['box_needed']}人到场",
        "持卡监督员（匿名编号）": _holders(round_),
        "作废的票箱公钥校验值": _replaced(round_),
        "说明": "服务器和当场使用的浏览器在短时间内掌握完整的密钥，本轮各页面均予注明。有条件的，应当离线生成。",
    }


def _of_card(round_: Round, asked: Arguments) -> dict[str, object]:
    card = holding.card_of(round_, asked["card"])
    holder = card.holder.token[:16] if card.holder else COMMISSION
    return {"轮次": round_.name, "票箱公钥校验值": card.box.key_id, "密钥卡": card.card, "持卡人（匿名编号）": holder}


def _to_hand_over(round_: Round, asked: Arguments) -> dict[str, object]:
    entries = {str(entry.pk): entry.token[:16] for entry in supervisors_in_office(round_)}
    return {**_of_card(round_, asked), "接收人（匿名编号）": entries.get(asked["holder"], COMMISSION)}


def _require_fit(round_: Round, asked: Arguments, *, at: datetime) -> None:
    refuse_unfit_record(round_, asked["record"])


def _require_in_time(round_: Round, asked: Arguments, *, at: datetime) -> None:
    refuse_too_late(round_)


def _require_card(round_: Round, asked: Arguments, *, at: datetime) -> None:
    holding.card_of(round_, asked["card"])


def _require_handover(round_: Round, asked: Arguments, *, at: datetime) -> None:
    holding.refuse_handover(holding.card_of(round_, asked["card"]), asked["holder"])


ACTIONS = (
    ApprovableAction(
        BOX_KEY, BOX_KEY, "启用票箱密钥", Round, _to_adopt, calls(adopt_key, "round_id"), require=_require_fit
    ),
    replace(
        authorizing_action(ONLINE_KEY, "在线生成票箱密钥", Round, _to_make, permission=BOX_KEY),
        require=_require_in_time,
    ),
    ApprovableAction(
        LOST,
        BOX_KEY,
        "登记密钥卡遗失",
        Round,
        _of_card,
        calls(holding.report_lost, "round_id"),
        require=_require_card,
        names=lambda round_, asked: f"{round_} {asked['card']}",
    ),
    ApprovableAction(
        HANDED_OVER,
        BOX_KEY,
        "登记密钥卡移交",
        Round,
        _to_hand_over,
        calls(holding.hand_over, "round_id"),
        require=_require_handover,
        names=lambda round_, asked: f"{round_} {asked['card']}",
    ),
)
