"""Reminders (催收), envelope labels, and daily totals of returns."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.models import DrawEntry
from evaluations.messages.services.reminders import refuse_outside_vote
from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.turnout.models import TurnoutDay
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock.queries import last_run
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
        raise RuleViolation("尚无抽中的定向评议人员。")
    detail = {"step_label": "打印信封标签", "people": len(people)}
    audit.record("pool.unmask", round_, by=by, at=at, reason=reason, detail=detail)
    return people


@transaction.atomic
def remind_stratum(*, round_id: int, stratum: str, reason: str, by: User, at: datetime) -> list[PoolEntry]:
    """Return everybody drawn in a stratum for a reminder (催收); it is unknown who has voted, so all get one."""
    policy.check(by, "pool.unmask")
    round_ = Round.objects.get(pk=round_id)
    refuse_outside_vote(round_, at)
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
    """Store the codes used so far by origin, one total a day, for open rounds (by the clock).

    A stored day is a whole one: where the clock has stood still since, the unfinished total is dropped, and its
    ballots belong with those of the next day.
    """
    day = timezone.localtime(at).date()
    _drop_unfinished(day, at)
    codes = Credential.objects.filter(batch__round__state=RoundState.OPEN, spend__isnull=False).order_by()
    counted = codes.values_list("batch__round", "batch__origin").annotate(used=Count("pk"))
    used = {(round_id, origin): number for round_id, origin, number in counted}
    batches = CodeBatch.objects.filter(round__state=RoundState.OPEN).order_by().values_list("round", "origin")
    origins = sorted({*batches.distinct(), *used})  # simultaneous runs lock the days in one order
    for round_id, origin in origins:
        number = used.get((round_id, origin), 0)
        TurnoutDay.objects.update_or_create(round_id=round_id, origin=origin, day=day, defaults={"used": number})
    return len(origins)


def _drop_unfinished(day: date, at: datetime) -> None:
    ran = last_run()
    stopped_on = timezone.localtime(ran).date() if ran else day
    if ran and stopped_on < day and at - ran > timedelta(minutes=settings.CLOCK_ALARM_MINUTES):
        TurnoutDay.objects.filter(round__state=RoundState.OPEN, day=stopped_on).delete()
