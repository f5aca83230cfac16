"""What the pages of decisions show: the proposals that wait, the one to decide, the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.contrib.sessions.backends.base import SessionBase

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals import window
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.together import is_small
from nanchuan_eval.users.models import User

MOST_DECIDED = 20


@dataclass(frozen=True)
class Group:
    """The waiting proposals under one permission; `together` counts those that one page can decide."""

    action: str
    label: str
    waiting: list[Approval]
    together: int


@dataclass(frozen=True)
class Inbox:
    """What waits for this account, what it proposed itself, what it decided last."""

    groups: list[Group]
    count: int
    own: list[tuple[Approval, str]]
    decided: list[Approval]


@dataclass(frozen=True)
class DecisionPage:
    """One proposal with what this account may do about it."""

    approval: Approval
    # Some actions include the reason in the content; it is shown once.
    reason: str
    may_decide: bool
    may_withdraw: bool
    approvers: str
    asks_code: bool
    open_until: datetime | None
    others: int
    next: Approval | None
    together: int


def inbox(user: User) -> Inbox:
    """Read the account's inbox."""
    waiting = _waiting(user)
    own = Approval.objects.pending().filter(proposed_by=user).order_by("proposed_at", "pk")
    decided = Approval.objects.filter(decided_by=user).select_related("proposed_by").order_by("-decided_at", "-pk")
    return Inbox(
        groups=_groups(waiting),
        count=len(waiting),
        own=[(approval, approvals.approvers_of(approval)) for approval in own],
        decided=list(decided[:MOST_DECIDED]),
    )


def decision_page(approval: Approval, session: SessionBase, user: User, at: datetime) -> DecisionPage:
    """Read the page of one proposal."""
    is_pending = approval.state == Approval.State.PENDING
    others = [other for other in _waiting(user) if other.pk != approval.pk]
    same = [other for other in others if other.action == approval.action and is_small(other)]
    return DecisionPage(
        approval=approval,
        reason="" if approval.reason in approval.content.values() else approval.reason,
        may_decide=is_pending and approvals.may_decide(user, approval),
        may_withdraw=is_pending and approval.proposed_by == user,
        approvers=approvals.approvers_of(approval),
        asks_code=window.asks_code(session, [approval], by=user, at=at),
        open_until=window.open_until(session, by=user, at=at),
        others=len(others),
        next=_after(approval, others),
        together=len(same) + 1 if is_pending and same and is_small(approval) else 0,
    )


def next_after(user: User, approval: Approval) -> Approval | None:
    """Return the proposal to decide next: the one that waits behind this one, or else the first."""
    return _after(approval, [other for other in _waiting(user) if other.pk != approval.pk])


def label_of(found: Sequence[Approval]) -> str:
    """Return the labels of these proposals' actions, each once."""
    return "、".join(dict.fromkeys(approvals.action_named(approval.kind).label for approval in found))


def _waiting(user: User) -> list[Approval]:
    return list(approvals.waiting_for(user).select_related("proposed_by").order_by("proposed_at", "pk"))


def _after(approval: Approval, others: Sequence[Approval]) -> Approval | None:
    place = (approval.proposed_at, approval.pk)
    behind = (other for other in others if (other.proposed_at, other.pk) > place)
    return next(behind, others[0] if others else None)


def _groups(waiting: Sequence[Approval]) -> list[Group]:
    by_action = sorted(waiting, key=lambda approval: approval.action)
    groups = [(action, list(found)) for action, found in groupby(by_action, key=lambda approval: approval.action)]
    groups.sort(key=lambda group: (group[1][0].proposed_at, group[1][0].pk))
    return [
        Group(action, label_of(found), found, sum(is_small(approval) for approval in found)) for action, found in groups
    ]
