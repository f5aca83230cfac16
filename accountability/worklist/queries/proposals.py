"""Proposals that wait: for this account's decision, for others, or to be made again after they were returned."""

from collections.abc import Container, Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accountability.worklist.queries.source import Asked
from accountability.worklist.rules import WorkItem
from evaluations.rounds.permissions import holders_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions import policy
from nanchuan_eval.workspace.rules import Phase

State = Approval.State
# Beginnings of the actions' names -> the phase of the work to which they belong.
PHASES = {
    "roster.": Phase.PREPARING,
    "round.": Phase.PREPARING,
    "pool.": Phase.PREPARING,
    "privacy.": Phase.PREPARING,
    "retention.": Phase.PREPARING,
    "draw.": Phase.DRAWING,
    "round.open": Phase.VOTING,
    "round.extend": Phase.VOTING,
    "cred.": Phase.VOTING,
    "box.": Phase.VOTING,
    "ballot.": Phase.COUNTING,
    "comment.": Phase.COUNTING,
    "tally.": Phase.COUNTING,
    "audit.": Phase.COUNTING,
    "publish.": Phase.PUBLISHING,
    "appeal.": Phase.PUBLISHING,
    "acc.": Phase.FOLLOWING,
    "rect.": Phase.FOLLOWING,
    "insp.": Phase.FOLLOWING,
}


def pending_and_returned(asked: Asked) -> list[Approval]:
    """Return all pending proposals, and this account's that lately ended without approval (one query)."""
    since = asked.at - timedelta(days=settings.RETURNED_DAYS)
    ended = Q(state__in=[State.RETURNED, State.STALE], proposed_by=asked.user, decided_at__gte=since)
    # What was proposed again stands in for what was returned; additions are each their own.
    newer = Approval.objects.filter(kind=OuterRef("kind"), object_id=OuterRef("object_id"), pk__gt=OuterRef("pk"))
    again = Exists(newer.exclude(object_type=ContentType._meta.label))
    rows = Approval.objects.filter(Q(state=State.PENDING) | ended & ~again).defer("content")
    return list(rows.select_related("proposed_by").order_by("proposed_at", "pk"))


def proposals(asked: Asked, known: Sequence[Approval], instead: Container[int] = ()) -> Iterator[WorkItem]:
    """Yield the proposals that this account decides, has made, or has to make again.

    `instead` = the keys of those that a colleague has made of what would else wait for this account.
    """
    pending = [each for each in known if each.state == State.PENDING]
    waiting = []
    for approval in pending:
        is_own = approval.proposed_by_id == asked.user.pk
        if not is_own and approvals.may_decide(asked.user, approval):
            yield _to_decide(approval)
        elif is_own or approval.pk in instead:
            waiting.append(approval)
    names = holders_of({role for each in waiting for role in policy.roles_allowed(each.action)}) if waiting else {}
    for approval in waiting:
        yield _item(
            approval,
            approval.title,
            asked_by="" if approval.proposed_by_id == asked.user.pk else approval.proposed_by.name,
            waits_for="、".join(names[role] for role in policy.roles_allowed(approval.action)),
        )
    yield from _returned(known, pending)


def phase_of(action: str) -> Phase:
    """Return the phase of the work to which an action belongs: the longest beginning of its name decides."""
    fitting = [start for start in PHASES if action.startswith(start)]
    return PHASES[max(fitting, key=len)] if fitting else Phase.SYSTEM


def _to_decide(approval: Approval) -> WorkItem:
    return _item(approval, f"审批：{approval.title}", asked_by=approval.proposed_by.name)


def _returned(known: Sequence[Approval], pending: Sequence[Approval]) -> Iterator[WorkItem]:
    """Yield what was returned or has become void, unless it has been proposed again since."""
    again = {(each.kind, each.object_id) for each in pending}
    latest = {(each.kind, each.object_id): each for each in known if each.state != State.PENDING}
    for key, approval in latest.items():
        if key not in again:
            why = f"（{approval.note}）" if approval.note else ""
            what = f"{approval.get_state_display()}{why}，改正后重新提请：{approval.title}"
            yield _item(approval, what)


def _item(approval: Approval, what: str, *, asked_by: str = "", waits_for: str = "") -> WorkItem:
    return WorkItem(
        key=f"approval-{approval.pk}-{approval.state}",
        what=what,
        due_on=None,
        address=reverse("approval", args=[approval.pk]),
        phase=phase_of(approval.action),
        asked_by=asked_by,
        asked_on=timezone.localdate(approval.decided_at or approval.proposed_at),
        is_returned=approval.state != State.PENDING,
        waits_for=waits_for,
    )
