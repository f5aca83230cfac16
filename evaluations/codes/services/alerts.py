"""Looking into odd claims of the open channel (领票异常): a named clerk notes what he found; no code suffers."""

from datetime import datetime

from django.db import transaction

from evaluations.codes.models import OpenClaimAlert
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BEFORE_COUNTING = frozenset({RoundState.OPEN, RoundState.SEALED})


@transaction.atomic
def review_alert(*, alert_id: int, seen: int, review: str, by: User, at: datetime) -> OpenClaimAlert:
    """Note what a look into `seen` occurrences of an alert has found (核查); more later ask for another look."""
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
    # Not `times`: the counter may be counting just now.
    alert.save(update_fields=["reviewed_times", "review", "reviewed_by", "reviewed_at"])
    detail = {"step_label": f"核查领票异常：{alert}", "times": seen}
    audit.record("ballot.invalid", alert, by=by, at=at, reason=alert.review, detail=detail)
    return alert
