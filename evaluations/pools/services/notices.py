"""Public notices of pools (名单公告), and objections, which are answered before the commitment."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.pools.queries import people_by_stratum, standing_notice
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import add_workdays


@transaction.atomic
def announce_pool(*, round_id: int, kind: PoolKind, by: User, at: datetime) -> PoolNotice:
    """Publish the size of a pool and open the objection period (异议期)."""
    policy.check(by, "pool.announce")
    round_ = lock_round(round_id)
    refuse_announcement(round_, kind)
    days, today = round_.rulebook["pool_objection_workdays"], timezone.localtime(at).date()
    notice = PoolNotice.objects.create(
        round=round_,
        kind=kind,
        strata=people_by_stratum(round_, kind),
        announced_at=at,
        objections_until=add_workdays(today, days, Holiday.objects.calendar()) if days else today,
    )
    detail = {"step_label": f"公告{kind.label}", "kind": kind.value}
    audit.record("pool.announce", round_, by=by, at=at, detail=detail, wrote=[notice])
    return notice


def refuse_announcement(round_: Round, kind: PoolKind) -> None:
    """Refuse to announce an empty pool, or one whose notice stands."""
    if not round_.pool.filter(kind=kind).exists():
        raise RuleViolation(f"{kind.label}尚未导入名单，请先导入，再公告人数。")
    if standing_notice(round_, kind):
        raise RuleViolation(f"{kind.label}已经公告，不必重复公告；重新导入名单后，原公告撤回，再公告新的人数。")


@transaction.atomic
def record_objection(*, notice_id: int, content: str, by: User, at: datetime) -> PoolObjection:
    """Record an objection received during the objection period."""
    policy.check(by, "pool.import")
    notice = PoolNotice.objects.select_for_update().get(pk=notice_id)
    if notice.withdrawn_at or timezone.localtime(at).date() > notice.objections_until:
        raise RuleViolation("这份名单公告的异议期已过，或公告已撤回。")
    if not content.strip():
        raise RuleViolation("请填写异议内容。")
    objection = PoolObjection.objects.create(notice=notice, content=content.strip(), received_at=at)
    audit.record("pool.import", notice, by=by, at=at, detail={"step_label": "登记名单异议"}, wrote=[objection])
    return objection


@transaction.atomic
def answer_objection(*, objection_id: int, answer: str, by: User, at: datetime) -> PoolObjection:
    """Answer an objection, once; resulting changes to the pool are separate actions (exclude, import)."""
    policy.check(by, "pool.exclude")
    objection = PoolObjection.objects.select_for_update(of=("self",)).get(pk=objection_id)
    if objection.answer or not answer.strip():
        raise RuleViolation("这件异议已经办理。" if objection.answer else "请填写办理结果。")
    objection.answer, objection.answered_at = answer.strip(), at
    objection.save(update_fields=["answer", "answered_at"])
    detail = {"step_label": "处理名单异议"}
    audit.record("pool.exclude", objection, by=by, at=at, detail=detail, wrote=[objection])
    return objection
