"""Approvable actions of a rectification: its plan, acceptance or return of an item, extensions."""

from datetime import date
from functools import partial

from accountability.cases.permissions import is_own
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.services.items import close_item, decide_extension, drop_extension, send_back_item
from accountability.rectifications.services.rectifications import decide_plan
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls


def _plan_content(row: Rectification, asked: Arguments) -> dict[str, object]:
    plan = [
        f"{item.position}. {item.problem}：{item.measures}（责任人{item.person}，时限{item.due_on}）"
        for item in row.items.all()
    ]
    result = "认可" if asked["accepted"] else "退回"
    return {"整改": str(row), "审核结果": result, "审核意见": asked["note"], "方案": plan}


def _item_content(item: RectificationItem) -> dict[str, object]:
    return {"整改": str(item.rectification), "问题": item.problem, "完成情况": item.outcome}


def _names(item: RectificationItem, _: Arguments) -> str:
    return f"{item.rectification}第{item.position}项（{item.problem}）"


ACTIONS = (
    ApprovableAction(
        "rect.plan",
        "rect.return",
        "审核整改方案",
        Rectification,
        content=_plan_content,
        perform=calls(decide_plan, "rectification_id"),
        names=lambda row, asked: f"{row}，{'认可' if asked['accepted'] else '退回'}",
        is_small=True,
    ),
    ApprovableAction(
        "rect.close",
        "rect.close",
        "销号",
        RectificationItem,
        content=lambda item, asked: {**_item_content(item), "验收意见": asked["verdict"]},
        perform=calls(close_item, "item_id"),
        names=_names,
        is_small=True,
    ),
    ApprovableAction(
        "rect.send_back",
        "rect.close",
        "退回重改",
        RectificationItem,
        content=lambda item, asked: {**_item_content(item), "退回理由": asked["verdict"], "新时限": asked["due_on"]},
        perform=calls(send_back_item, "item_id", due_on=date.fromisoformat),
        names=_names,
        is_small=True,
    ),
    ApprovableAction(
        "rect.extend",
        "rect.extend",
        "整改延期",
        RectificationItem,
        content=lambda item, _: {
            "整改": str(item.rectification),
            "问题": item.problem,
            "原时限": f"{item.due_on}",
            "申请延期至": f"{item.wanted_due_on}",
            "延期理由": item.wanted_reason,
        },
        perform=calls(partial(decide_extension, granted=True), "item_id"),
        is_own=lambda by, item: is_own(by, item.rectification.case.result.section),
        undo=lambda item, _: drop_extension(item),
        names=_names,
        is_small=True,
    ),
)
