"""What an approval lets its proposer do afterwards (许可): open an original, fetch an export, restore a backup.

The approved proposal itself is the permit. It is its proposer's alone, runs out after `PERMIT_HOURS`, is void once
what was approved has changed, and where the deed is done once (`spend`) it is used up by it.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import Arguments, Content, Deed, deed_named, is_unchanged
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


def permit_deed(name: str, label: str, model: type[models.Model], content: Content, *, action: str = "") -> Deed:
    """Return a deed (by default that of its name in the table) whose approval only lets its proposer act."""
    action = action or name

    def perform(target: models.Model, asked: Arguments, *, by: User, at: datetime) -> None:
        policy.check(by, action)

    return Deed(name, action, label, model, content, perform)


def permit_of(name: str, target: models.Model, *, by: User | None, at: datetime) -> Approval | None:
    """Return the permit that holds now (of anybody, with `by` None)."""
    decided = Approval.objects.filter(deed=name, object_id=str(target.pk), state=Approval.State.APPROVED)
    valid = decided.filter(decided_at__gt=at - timedelta(hours=settings.PERMIT_HOURS), spent_at=None)
    return (valid.filter(proposed_by=by) if by else valid).order_by("-decided_at").first()


def may_use(name: str, target: models.Model, *, by: User, at: datetime) -> bool:
    """Say whether the button to act belongs on the page now."""
    action = deed_named(name).action
    return (
        permit_of(name, target, by=by, at=at) is not None
        if policy.requires_approval(action)
        else policy.may(by, action)
    )


def require(name: str, target: models.Model, *, by: User, at: datetime) -> Approval | None:
    """Return the permit or refuse; None where the rule of two persons is off and the actor may act alone."""
    deed = deed_named(name)
    if not policy.requires_approval(deed.action):
        policy.check(by, deed.action)
        return None
    policy.check_proposes(by, deed.action, own=deed.owned_by(by, target))
    permit = permit_of(name, target, by=by, at=at)
    if permit is None:
        raise RuleViolation(f"“{deed.label}”须先提请，经另一人审批后{settings.PERMIT_HOURS}小时内办理。")
    if not is_unchanged(permit, target):
        raise RuleViolation("审批之后内容已有改动，原审批已失效，请重新提请。")
    return permit


def spend(name: str, target: models.Model, *, by: User | None, at: datetime) -> Approval | None:
    """Use a permit up: what it allows is done once (inside the transaction of the deed)."""
    permit = require(name, target, by=by, at=at) if by else permit_of(name, target, by=None, at=at)
    if permit and not Approval.objects.filter(pk=permit.pk, spent_at=None).update(spent_at=at):
        raise RuleViolation("该审批已使用，请重新提请。")
    return permit
