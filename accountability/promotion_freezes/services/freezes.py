"""The promotion freeze (影响期) and its end."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accountability.cases.models import Case
from accountability.cases.rules.deadlines import in_chinese
from accountability.promotion_freezes.models import PromotionFreeze
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def lift_freeze(*, freeze_id: int, on: date, reason: str, by: User, at: datetime) -> PromotionFreeze:
    """Lift a freeze (解除影响期): its time is over; the row stays.

    An upheld appeal corrects the list, and the correction itself lifts the freeze (services/correction.py).
    """
    policy.check(by, "acc.hold.lift")
    # Also possible after the case was closed: a freeze may outlast the last record.
    Case.objects.select_for_update().get(freezes=freeze_id)
    freeze = PromotionFreeze.objects.get(pk=freeze_id)
    if freeze.lifted_on:
        raise RuleViolation(f"该影响期已于{in_chinese(freeze.lifted_on)}解除，不能重复解除。")
    if not reason.strip():
        raise RuleViolation("请填写解除理由。")
    if not freeze.starts_on <= on <= timezone.localtime(at).date():
        raise RuleViolation(f"解除日期应在影响期起始日{in_chinese(freeze.starts_on)}与今天之间。")
    if on < freeze.ends_on:
        until = in_chinese(freeze.ends_on)
        raise RuleViolation(f"影响期至{until}止，期满前不能解除；复核后更正名单的，系统随更正解除。")
    freeze.lifted_on, freeze.lift_reason = on, reason.strip()
    freeze.save(update_fields=["lifted_on", "lift_reason"])
    audit.record("acc.hold.lift", freeze, by=by, at=at, reason=reason.strip())
    return freeze
