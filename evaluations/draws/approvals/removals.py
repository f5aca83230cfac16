"""Actions after a draw that need approval: removing people, opening a further round."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.removals import Removal, current_round, open_next_round, remove_drawn
from evaluations.pools.models import PoolEntry
from nanchuan_eval.approvals.services import ApprovableAction
from nanchuan_eval.users.models import User

Arguments = Mapping[str, Any]


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


def _round_content(draw: Draw, arguments: Arguments) -> dict[str, object]:
    return {"启动": f"第{current_round(draw) + 1}次抽取名额"}


def _open_round(draw: Draw, arguments: Arguments, *, by: User, at: datetime) -> object:
    return open_next_round(draw_id=draw.pk, by=by, at=at)


# The person is locked, not the entry: two removals from one draw would deadlock on each other's entries.
REMOVE = ApprovableAction("draw.remove", "draw.redraw", "移除并递补", PoolEntry, _removal_content, _remove)
NEXT_ROUND = ApprovableAction("draw.next_round", "draw.redraw", "启动追加抽取", Draw, _round_content, _open_round)
DRAW_ACTIONS = (REMOVE, NEXT_ROUND)
