"""Pool actions that need approval: excluding people (one list at a time), answering objections."""

from datetime import datetime

from evaluations.pools.models import PoolEntry, PoolObjection
from evaluations.pools.rules import ExclusionReason
from evaluations.pools.services.lists import exclude_person, refuse_exclusion
from evaluations.pools.services.notices import answer_objection
from evaluations.rounds.models import Round
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.users.models import User


def _exclusion_content(round_: Round, asked: Arguments) -> dict[str, object]:
    entries = list(round_.pool.filter(pk__in=asked["entries"]).order_by("pk"))
    refuse_exclusion(round_, entries, asked["why"], asked["note"])
    return {
        "轮次": round_.name,
        "办理": ExclusionReason(asked["why"]).label if asked["why"] else "恢复参加抽取",
        "说明": asked["note"],
        "人数": len(entries),
        "人员": [_person(entry) for entry in entries],
    }


def _person(entry: PoolEntry) -> str:
    """Describe a person with no more detail than the lists show: the text is kept for good."""
    state = f"，现为{entry.get_exclusion_display()}" if entry.exclusion else ""
    return f"{entry} {entry.masked_phone}（{entry.get_kind_display()}，{entry.stratum}，第{entry.pk}号{state}）"


def _exclude(_: Round, asked: Arguments, *, by: User, at: datetime) -> None:
    for pk in asked["entries"]:
        exclude_person(entry_id=pk, reason=asked["why"], note=asked["note"], by=by, at=at)


def _answer_content(objection: PoolObjection, asked: Arguments) -> dict[str, object]:
    return {"名单": str(objection.notice), "异议": objection.content, "处理结果": asked["answer"]}


ACTIONS = (
    ApprovableAction("pool.exclude", "pool.exclude", "登记回避", Round, _exclusion_content, _exclude),
    ApprovableAction(
        "pool.answer",
        "pool.exclude",
        "处理名单异议",
        PoolObjection,
        _answer_content,
        calls(answer_objection, "objection_id"),
    ),
)
