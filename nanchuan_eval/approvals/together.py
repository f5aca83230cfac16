"""Small proposals under one permission that are approved together, each in its own transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import action_named, approve, waiting_for
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User

NOT_SHOWN = "与页面上显示的内容不一致，未办理。请核对现在的内容后再审批。"
# What one page shows; more proposals come after these are decided.
MOST_TOGETHER = 50


@dataclass(frozen=True)
class Outcome:
    """What became of one proposal: its title and, where it was not approved, why."""

    title: str
    refusal: str = ""


def is_small(approval: Approval) -> bool:
    """True if the proposal may be approved together with others."""
    return action_named(approval.kind).is_small


def small_ones(user: User, action: str) -> list[Approval]:
    """Return the small proposals under a permission that the user may decide, the oldest first."""
    waiting = waiting_for(user).filter(action=action).select_related("proposed_by").order_by("proposed_at", "pk")
    return [approval for approval in waiting if is_small(approval)][:MOST_TOGETHER]


def approve_shown(shown: Mapping[int, str], approvals: Sequence[Approval], *, by: User, at: datetime) -> list[Outcome]:
    """Approve the ticked proposals (key -> digest of what was shown); a refused one does not stop the others."""
    known = {approval.pk: approval for approval in approvals}
    gone = [Outcome(f"第{pk}号提请", "已经办理、撤回或者不能由您审批。") for pk in shown if pk not in known]
    return gone + [_outcome(known[pk], digest, by, at) for pk, digest in shown.items() if pk in known]


def _outcome(approval: Approval, digest: str, by: User, at: datetime) -> Outcome:
    if digest != approval.digest:
        return Outcome(approval.title, NOT_SHOWN)
    try:
        approve(approval_id=approval.pk, by=by, at=at)
    except RuleViolation as refusal:
        return Outcome(approval.title, str(refusal))
    return Outcome(approval.title)
