"""Approvable actions of a rectification: its plan, acceptance or return of an item, extensions."""

from datetime import date
from functools import partial
from typing import Any

from django.utils import timezone

from accountability.cases.permissions import is_own
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.services.items import (
    close_item,
    decide_extension,
    drop_extension,
    refuse_unless_finished,
    refuse_unless_passed,
    send_back_item,
)
from accountability.rectifications.services.rectifications import decide_plan, refuse_unless_submitted
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.clock.queries import in_words
from nanchuan_eval.workdays.rules import in_chinese


def _plan_content(row: Rectification, asked: Arguments) -> dict[str, object]:
    """The whole plan, item by item, with the opinion of the unit's party committee."""
    case = row.case
    return {
        "整改": str(row),
        "轮次": f"{case.result.round.name}，{case.place}，{case.publication}",
        "审核结果": "认可，单位按方案整改" if asked["accepted"] else "退回，单位修改后重新报送",
        "审核意见": asked["note"],
        "报送时间": in_words(row.submitted_at) if row.submitted_at else "尚未报送",
        "方案期限": in_chinese(row.plan_due_on),
        "单位党委（党组）意见": row.opinion,
        **{f"第{item.position}项：{item.problem}": _planned(item) for item in row.items.all()},
    }


def _planned(item: RectificationItem) -> dict[str, object]:
    return {
        "指标": item.indicator_name,
        "原因": item.cause,
        "目标": item.goal,
        "整改措施": item.measures,
        "责任领导": item.leader,
        "责任人": item.person,
        "时限": f"{item.get_term_display()}，{in_chinese(item.due_on)}" if item.due_on else "未填写",
    }


def _item_content(item: RectificationItem) -> dict[str, object]:
    """What was to be done, what the unit reported with which files, and what the visits found since."""
    progress = item.progress.prefetch_related("evidence")
    checks = item.checks.approved().select_related("inspection").order_by("inspection__arrived_at", "pk")
    return {
        "整改": str(item.rectification),
        "问题": item.problem,
        **_planned(item),
        "进展": [f"{in_words(each.at)}：{each.text}" for each in progress] or "无",
        "佐证材料": [f"{file.name}（{file.sha256}）" for each in progress for file in each.evidence.all()] or "无",
        "完成情况": item.outcome or "尚未申报完成",
        "暗访复查": [_check_text(check) for check in checks] or "无",
    }


def _check_text(check: Any) -> str:
    on = in_chinese(timezone.localdate(check.inspection.arrived_at))
    return f"{on}：{'已整改到位' if check.is_passed else '未整改到位'}{f'，{check.note}' if check.note else ''}"


def _sending_back_follows(item: RectificationItem) -> str:
    most = int(item.rectification.case.result.round.rulebook["most_failures"])
    text = f"单位按新时限重新整改，这是第{item.failures + 1}次验收未通过"
    return f"{text}；整改随即移送纪委监委" if item.failures + 1 >= most else text


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
        closed=refuse_unless_submitted,
        follows=lambda _: (
            "认可的，单位按方案整改，方案内容和时限不能再改动（延期须另行审批）；退回的，单位修改后重新报送"
        ),
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
        closed=refuse_unless_passed,
        follows=lambda _: "该项整改销号，不能再改动；全部事项销号且整改报告已报送的，整改随即销号并公开",
        names=_names,
        is_small=True,
    ),
    ApprovableAction(
        "rect.send_back",
        "rect.close",
        "退回重改",
        RectificationItem,
        content=lambda item, asked: {
            **_item_content(item),
            "退回理由": asked["verdict"],
            "新时限": in_chinese(date.fromisoformat(asked["due_on"])),
        },
        perform=calls(send_back_item, "item_id", due_on=date.fromisoformat),
        closed=refuse_unless_finished,
        follows=_sending_back_follows,
        names=_names,
        is_small=True,
    ),
    ApprovableAction(
        "rect.extend",
        "rect.extend",
        "整改延期",
        RectificationItem,
        content=lambda item, _: {
            **_item_content(item),
            "原时限": in_chinese(item.due_on) if item.due_on else "未填写",
            "申请延期至": in_chinese(item.wanted_due_on) if item.wanted_due_on else "未填写",
            "延期理由": item.wanted_reason,
        },
        perform=calls(partial(decide_extension, granted=True), "item_id"),
        is_own=lambda by, item: is_own(by, item.rectification.case.result.section),
        undo=lambda item, _: drop_extension(item),
        names=_names,
        is_small=True,
    ),
)
