"""Approvable actions of a draw: commitment, ceremony, removals; each is performed, or proposed for approval."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.ceremony import publish_draw, run_draw
from evaluations.draws.services.commitment import abandon_draw, commit_draw
from evaluations.draws.services.removals import Removal, current_round, open_next_round, remove_drawn
from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.users.models import User


def start_draw(name: str, *, draw_id: int, by: User, at: datetime, **asked: Any) -> Approval | None:
    """Perform or propose an action on a draw; abandoning an inspection's draw is the commission's own action."""
    draw = Draw.objects.get(pk=draw_id)
    return approvals.start(abandonment(draw) if name == "draw.abandon" else name, draw, by=by, at=at, **asked)


def abandonment(draw: Draw) -> str:
    """Return the action that abandons the draw."""
    return "inspection.abandon" if draw.purpose == DrawPurpose.INSPECTED else "draw.abandon"


def start_commitment(*, round_id: int, purpose: str, by: User, at: datetime) -> Approval | None:
    """Commit a draw, or propose it."""
    return approvals.start("draw.commit", Round.objects.get(pk=round_id), by=by, at=at, purpose=purpose)


def _draw_content(draw: Draw, _: Arguments) -> dict[str, object]:
    status = {
        "抽取": str(draw),
        "承诺": draw.commit,
        "种子": draw.seed or "（未产生）",
        "状态": draw.get_status_display(),
    }
    return {**status, "签名": draw.signatures.count()}


def _commitment_content(round_: Round, asked: Arguments) -> dict[str, object]:
    pool = list(round_.pool.order_by("pk").values_list("pk", "stratum", "phone_hash", "exclusion"))
    label = DrawPurpose(asked["purpose"]).label
    return {"轮次": round_.name, "抽取": label, "名单库人数": len(pool), "名单校验值": sha256_hex(repr(pool).encode())}


def _removal_content(person: PoolEntry, arguments: Arguments) -> dict[str, object]:
    entry = DrawEntry.objects.select_related("draw").get(pk=arguments["entry"], person=person)
    return {
        "抽取": entry.draw.draw_id,
        "类别": entry.stratum,
        "匿名编号": entry.token,
        "原因": RemovalReason(arguments["removal"]).label,
        "拨打日期": "、".join(arguments["calls"]) or "—",
        "说明": arguments["explanation"],
    }


def _remove(person: PoolEntry, arguments: Arguments, *, by: User, at: datetime) -> object:
    removal = Removal(
        RemovalReason(arguments["removal"]),
        arguments["explanation"],
        [date.fromisoformat(day) for day in arguments["calls"]],
    )
    return remove_drawn(entry_id=arguments["entry"], removal=removal, by=by, at=at)


def _next_round_content(draw: Draw, arguments: Arguments) -> dict[str, object]:
    return {"启动": f"第{current_round(draw) + 1}次抽取名额"}


def _draw_action(name: str, permission: str, label: str, service: Callable[..., object]) -> ApprovableAction:
    return ApprovableAction(name, permission, label, Draw, _draw_content, calls(service, "draw_id"))


# The person is locked, not the entry: two removals from one draw would deadlock on each other's entries.
REMOVE = ApprovableAction("draw.remove", "draw.redraw", "移除并递补", PoolEntry, _removal_content, _remove)
ACTIONS = (
    ApprovableAction(
        "draw.commit",
        "draw.commit",
        "公布抽取承诺",
        Round,
        _commitment_content,
        calls(commit_draw, "round_id", purpose=DrawPurpose),
    ),
    _draw_action("draw.abandon", "draw.commit", "作废抽取", abandon_draw),
    _draw_action("inspection.abandon", "insp.plan", "作废暗访科室抽取", abandon_draw),
    _draw_action("draw.run", "draw.run", "执行抽取", run_draw),
    _draw_action("draw.publish", "draw.run", "公开抽取证明", publish_draw),
    REMOVE,
    ApprovableAction(
        "draw.next_round",
        "draw.redraw",
        "启动追加抽取",
        Draw,
        _next_round_content,
        calls(open_next_round, "draw_id"),
    ),
)
