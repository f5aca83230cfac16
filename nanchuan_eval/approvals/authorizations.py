"""Authorizations (许可): approvals that let the proposer act later, such as open an original or fetch an export.

The approved proposal itself is the authorization. It belongs to its proposer, expires after AUTHORIZATION_HOURS and is
void if the approved content has changed; `consume` uses up one that is valid once.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, Content, action_named, is_unchanged
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


def authorizing_action(
    name: str, label: str, model: type[models.Model], content: Content, *, permission: str = ""
) -> ApprovableAction:
    """Return an approvable action whose approval only authorizes the proposer; the permission defaults to `name`."""
    permission = permission or name

    def perform(target: models.Model, arguments: Arguments, *, by: User, at: datetime) -> None:
        policy.check(by, permission)

    return ApprovableAction(name, permission, label, model, content, perform)


def authorization_of(name: str, target: models.Model, *, by: User | None, at: datetime) -> Approval | None:
    """Return the authorization in force (anybody's, if `by` is None)."""
    decided = Approval.objects.filter(kind=name, object_id=str(target.pk), state=Approval.State.APPROVED)
    valid = decided.filter(decided_at__gt=at - timedelta(hours=settings.AUTHORIZATION_HOURS), spent_at=None)
    return (valid.filter(proposed_by=by) if by else valid).order_by("-decided_at").first()


def may_use(name: str, target: models.Model, *, by: User, at: datetime) -> bool:
    """True if the user may act now: by authorization or, where no approval is required, by permission."""
    action = action_named(name).permission
    return (
        authorization_of(name, target, by=by, at=at) is not None
        if policy.requires_approval(action)
        else policy.may(by, action)
    )


def require(name: str, target: models.Model, *, by: User, at: datetime) -> Approval | None:
    """Return the authorization or refuse; None if no approval is required and the actor has the permission."""
    action = action_named(name)
    if not policy.requires_approval(action.permission):
        policy.check(by, action.permission)
        return None
    policy.check_proposes(by, action.permission, own=action.owned_by(by, target))
    authorization = authorization_of(name, target, by=by, at=at)
    if authorization is None:
        raise RuleViolation(f"“{action.label}”须先提请，经另一人审批后{settings.AUTHORIZATION_HOURS}小时内办理。")
    if not is_unchanged(authorization, target):
        raise RuleViolation("审批之后内容已有改动，原审批已失效，请重新提请。")
    return authorization


def consume(name: str, target: models.Model, *, by: User | None, at: datetime) -> Approval | None:
    """Consume an authorization that is valid once, inside the transaction of the action."""
    authorization = require(name, target, by=by, at=at) if by else authorization_of(name, target, by=None, at=at)
    if authorization and not Approval.objects.filter(pk=authorization.pk, spent_at=None).update(spent_at=at):
        raise RuleViolation("该审批已使用，请重新提请。")
    return authorization
