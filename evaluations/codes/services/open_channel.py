"""The open channel (其他评议): codes for anyone who asks, alerts about unusual claims, their review by a clerk."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluations.codes.models import CodeBatch, Credential, OpenClaimAlert
from evaluations.codes.rules.open_channel import OpenAlert, Visitor, alerts, needs_check, takes_too_many
from evaluations.codes.services.issuing import new_code
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BEFORE_COUNTING = frozenset({RoundState.OPEN, RoundState.SEALED})


class CheckNeeded(RuleViolation):
    """The visitor must pass the check before getting a code."""


def issue_open_code(*, batch_id: int, at: datetime, visitor: Visitor | None = None, code: str = "") -> str:
    """Return a new code of a self-service batch, by default a random one; stores nothing about the citizen.

    A given code that was issued before is returned again: its claim was sent twice, or the answer was lost.

    Suspicious claims are counted for review in a separate transaction; their codes are as valid as any other.
    """
    policy.check(policy.ANONYMOUS, "opinion.submit")
    visitor = visitor or Visitor()
    batch = _counter(batch_id, at)
    rulebook, issue = batch.round.rulebook, issue_of(batch.round.key, code or (code := new_code()))
    if Credential.objects.filter(pk=issue).exists():
        return code
    if takes_too_many(visitor, rulebook):
        _note(batch, [OpenAlert.DEVICE], at)
        limit = rulebook["open_per_device"]
        raise RuleViolation(
            f"本设备本轮已领取{limit}张评议票，不能继续领取。家人可以使用自己的设备领取，也可以致电评议办咨询其他领取方式。"
        )
    if needs_check(visitor, rulebook):
        raise CheckNeeded("现在领票的人较多，请先回答下面的问题。")
    # Two requests with one given code may get here at once.
    Credential.objects.bulk_create([Credential(issue=issue, batch=batch)], ignore_conflicts=True)
    _note(batch, alerts(visitor, rulebook), at)
    return code


@transaction.atomic
def review_alert(*, alert_id: int, seen: int, review: str, by: User, at: datetime) -> OpenClaimAlert:
    """Record the review (核查) of `seen` occurrences of an alert; later ones need another review."""
    policy.check_proposes(by, "ballot.invalid")
    alert = OpenClaimAlert.objects.select_related("batch").get(pk=alert_id)
    round_ = lock_round(alert.batch.round_id)
    if RoundState(round_.state) not in BEFORE_COUNTING:
        raise RuleViolation("领票异常在开启评议之后、计票之前核查。")
    alert.refresh_from_db()
    if alert.is_reviewed:
        raise RuleViolation("这条领票异常已经核查。")
    if not review.strip():
        raise RuleViolation("请填写核查情况。")
    if not alert.reviewed_times < seen <= alert.times:
        raise RuleViolation("异常次数有变化，请刷新页面后重新核查。")
    alert.reviewed_times, alert.review, alert.reviewed_by, alert.reviewed_at = seen, review.strip(), by, at
    # Not `times`: a claim may be incrementing it now.
    alert.save(update_fields=["reviewed_times", "review", "reviewed_by", "reviewed_at"])
    detail = {"step_label": f"核查领票异常：{alert}", "times": seen}
    audit.record("ballot.invalid", alert, by=by, at=at, reason=alert.review, detail=detail, wrote=[alert])
    return alert


def _counter(batch_id: int, at: datetime) -> CodeBatch:
    batch = CodeBatch.objects.select_related("round").filter(pk=batch_id, is_self_service=True, is_open=True).first()
    if batch is None or not Round.objects.accepting(at).filter(pk=batch.round_id).exists():
        raise RuleViolation("现在不能领取评议票：不在投票时间内，或者网上领票没有开放。")
    return batch


def _note(batch: CodeBatch, kinds: Sequence[OpenAlert], at: datetime) -> None:
    for kind in kinds:
        alert, _ = OpenClaimAlert.objects.get_or_create(batch=batch, kind=kind, on=timezone.localdate(at))
        OpenClaimAlert.objects.filter(pk=alert.pk).update(times=F("times") + 1)
