"""Reminders (催收), envelope labels, and daily totals of returns."""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from evaluations.codes.models import Credential
from evaluations.draws.models import DrawEntry
from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.turnout.models import TurnoutDay
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def people_for_labels(*, round_id: int, reason: str, by: User, at: datetime) -> list[PoolEntry]:
    """Return all drawn evaluators for envelope labels; records the reason."""
    policy.check(by, "pool.unmask")
    round_ = Round.objects.get(pk=round_id)
    if not reason.strip():
        raise RuleViolation("请填写打印标签的理由。")
    people = list(PoolEntry.objects.filter(pk__in=_drawn(round_).values("person")).order_by("pk"))
    if not people:
        raise RuleViolation("还没有抽中的定向评议人员。")
    detail = {"step_label": "打印信封标签", "people": len(people)}
    audit.record("pool.unmask", round_, by=by, at=at, reason=reason, detail=detail)
    return people


@transaction.atomic
def remind_stratum(*, round_id: int, stratum: str, reason: str, by: User, at: datetime) -> list[PoolEntry]:
    """Return everybody drawn in a stratum for a reminder (催收); it is unknown who has voted, so all get one."""
    policy.check(by, "pool.unmask")
    round_ = Round.objects.get(pk=round_id)
    if round_.state != RoundState.OPEN:
        raise RuleViolation("只有评议中的轮次可以发送催评短信。")
    if not reason.strip():
        raise RuleViolation("请填写催评理由。")
    people = list(
        PoolEntry.objects.filter(pk__in=_drawn(round_).filter(stratum=stratum).values("person")).order_by("pk")
    )
    if not people:
        raise RuleViolation(f"身份类别“{stratum}”没有抽中的人员。")
    detail = {"step_label": f"催评：{stratum}", "people": len(people)}
    audit.record("pool.unmask", round_, by=by, at=at, reason=reason, detail=detail)
    return people


def _drawn(round_: Round) -> QuerySet[DrawEntry]:
    return DrawEntry.objects.filter(draw__round=round_, draw__purpose=DrawPurpose.EVALUATORS, is_selected=True)


@transaction.atomic
def record_turnout(*, at: datetime) -> int:
    """Store the codes used so far by origin, one total a day, for open rounds (cron)."""
    day = timezone.localtime(at).date()
    rows = (
        Credential.objects.filter(batch__round__state=RoundState.OPEN, spend__isnull=False)
        .values_list("batch__round", "batch__origin")
        .annotate(used=Count("pk"))
        .order_by("batch__round", "batch__origin")  # simultaneous runs lock the days in one order
    )
    for round_id, origin, used in rows:
        TurnoutDay.objects.update_or_create(round_id=round_id, origin=origin, day=day, defaults={"used": used})
    return len(rows)
