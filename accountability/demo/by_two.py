"""What takes two persons in the story: one proposes, another approves after reading it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.users.models import User

# What the second person takes to read a proposal.
READ = timedelta(minutes=10)


def by_two(name: str, target: models.Model, pair: tuple[User, User], *, at: datetime, **asked: Any) -> Approval:
    """Let the first of the pair propose the action and the second approve it."""
    proposer, approver = pair
    proposed = approvals.propose(name, target, by=proposer, at=at, **asked)
    return approvals.approve(approval_id=proposed.pk, by=approver, at=at + READ)


def approved(proposed: Approval | None, *, by: User, at: datetime) -> Approval:
    """Let another person approve what a page has just proposed."""
    if proposed is None:
        raise RuntimeError("the demonstration runs with TWO_PERSON_RULE only")
    return approvals.approve(approval_id=proposed.pk, by=by, at=at + READ)


def approve_pending(target: models.Model, action: str, *, by: User, at: datetime) -> Approval:
    """Let another person approve what a service has proposed about the object."""
    proposed = approvals.pending_for(target, action)
    if proposed is None:
        raise RuntimeError(f"nothing about {target} waits for {action}")
    return approvals.approve(approval_id=proposed.pk, by=by, at=at + READ)
