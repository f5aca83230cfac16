"""Pool actions that need approval: announcing, excluding people (one list at a time), answering objections."""

from datetime import date, datetime
from functools import partial

from django.utils import timezone

from evaluations.pools.models import PoolEntry, PoolObjection
from evaluations.pools.queries import people_by_stratum
from evaluations.pools.rules.kinds import ExclusionReason, PoolKind
from evaluations.pools.services.lists import exclude_person, refuse_exclusion
from evaluations.pools.services.notices import announce_pool, answer_objection, refuse_announcement
from evaluations.rounds.models import Round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import coming_term


def start_announcement(*, round_id: int, kind: PoolKind, by: User, at: datetime) -> Approval | None:
    """Announce a pool, or propose it."""
    on = timezone.localdate(at).isoformat()
    return approvals.start(f"pool.announce.{kind}", Round.objects.get(pk=round_id), by=by, at=at, on=on)


def _announcement_content(kind: PoolKind, round_: Round, asked: Arguments) -> dict[str, object]:
    people, strata = round_.pool.filter(kind=kind), people_by_stratum(round_, kind)
    rows = list(people.order_by("pk").values_list("pk", "stratum", "phone_hash", "exclusion"))
    withdrawn = round_.pool_notices.filter(kind=kind).exclude(withdrawn_at=None).count()
    days = round_.rulebook["pool_objection_workdays"]
    return {
        "轮次": round_.name,
        "名单库": kind.label,
        "公告人数": f"{sum(strata.values())}人",
        "各类别人数": {name: f"{number}人" for name, number in strata.items()},
        "其中不参加抽取": f"{people.exclude(exclusion='').count()}人",
        "此前已撤回的公告": f"{withdrawn}份，这次公告代替撤回的公告" if withdrawn else "无",
        "异议期": coming_term(days, date.fromisoformat(asked["on"]), "公告"),
        "办理后果": "人数在网站公布（不公布姓名）；异议期满、异议处理完毕后，方可公布抽取承诺",
        "名单校验值": sha256_hex(repr(rows).encode()),
    }


def _announce(kind: PoolKind, round_: Round, _: Arguments, *, by: User, at: datetime) -> object:
    return announce_pool(round_id=round_.pk, kind=kind, by=by, at=at)


def _require_announceable(kind: PoolKind, round_: Round, _: Arguments, *, at: datetime) -> None:
    refuse_announcement(round_, kind)


def _announcement(kind: PoolKind) -> ApprovableAction:
    """Return the action of one pool; each has its own, so that several may be proposed at once."""
    return ApprovableAction(
        f"pool.announce.{kind}",
        "pool.announce",
        f"公告{kind.label}人数",
        Round,
        partial(_announcement_content, kind),
        partial(_announce, kind),
        require=partial(_require_announceable, kind),
        is_small=True,
    )


def _exclusion_content(round_: Round, asked: Arguments) -> dict[str, object]:
    entries = list(round_.pool.filter(pk__in=asked["entries"]).order_by("pk"))
    refuse_exclusion(round_, entries, asked["why"], asked["note"])
    return {
        "轮次": round_.name,
        "办理": _deed(asked),
        "说明": asked["note"],
        "人数": len(entries),
        "人员": [described(entry) for entry in entries],
    }


def _deed(asked: Arguments) -> str:
    return str(ExclusionReason(asked["why"]).label) if asked["why"] else "恢复参加抽取"


def described(entry: PoolEntry) -> str:
    """Describe a person with no more detail than the lists show: the text is kept for good."""
    state = f"，现为{entry.get_exclusion_display()}" if entry.exclusion else ""
    return f"{entry} {entry.masked_phone}（{entry.get_kind_display()}，{entry.stratum}，第{entry.pk}号{state}）"


def _exclude(_: Round, asked: Arguments, *, by: User, at: datetime) -> None:
    for pk in asked["entries"]:
        exclude_person(entry_id=pk, reason=asked["why"], note=asked["note"], by=by, at=at)


def _answer_content(objection: PoolObjection, asked: Arguments) -> dict[str, object]:
    return {"名单": str(objection.notice), "异议": objection.content, "办理结果": asked["answer"]}


ACTIONS = (
    *map(_announcement, PoolKind),
    ApprovableAction(
        "pool.exclude",
        "pool.exclude",
        "登记回避",
        Round,
        _exclusion_content,
        _exclude,
        names=lambda round_, asked: f"{round_.name}，{len(asked['entries'])}人，{_deed(asked)}",
    ),
    ApprovableAction(
        "pool.answer",
        "pool.exclude",
        "处理名单异议",
        PoolObjection,
        _answer_content,
        calls(answer_objection, "objection_id"),
        is_small=True,
    ),
)
