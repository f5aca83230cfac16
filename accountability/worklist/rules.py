"""What waits (待办): one item with its place, its deadline and the person it waits for, and its group."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from accountability.cases.rules.deadlines import Urgency, urgency
from nanchuan_eval.workdays.rules import Term
from nanchuan_eval.workspace.rules import Phase


@dataclass(frozen=True)
class WorkItem:
    """One thing that waits for an account, with the address of the very place where it is done."""

    key: str
    what: str
    due_on: date | None
    address: str
    phase: Phase = Phase.FOLLOWING
    # Names of the proposals that would stand in for it: kind or action, and the object as app.Model:key.
    proposed_as: frozenset[str] = frozenset()
    # Who asked for it: the proposer, where there is one.
    asked_by: str = ""
    # Day on which it was asked for or, if it was returned, sent back: proposals have no deadline.
    asked_on: date | None = None
    is_returned: bool = False
    # Whom it waits for, if not this account.
    waits_for: str = ""
    escalate_days: int | None = None
    # Where the deadline is a term in working days.
    term: Term | None = None
    # Address of the story of the section concerned (科室经过).
    story: str = ""

    def urgency(self, today: date) -> Urgency:
        """Urgency on the given day."""
        if self.waits_for:
            return Urgency.OTHERS
        if self.asked_on:
            return Urgency.RETURNED if self.is_returned else Urgency.DECIDE
        return urgency(self.due_on, today, self.escalate_days)


@dataclass(frozen=True)
class Group:
    """Work items of one degree of urgency."""

    urgency: Urgency
    items: list[WorkItem]


def grouped(items: Iterable[WorkItem], today: date) -> list[Group]:
    """Group items by urgency, most urgent first, what waits for others last; empty groups are left out."""
    known = list(items)
    groups = [Group(degree, [item for item in known if item.urgency(today) == degree]) for degree in Urgency]
    return [group for group in groups if group.items]


def own_count(items: Iterable[WorkItem]) -> int:
    """Return how many items wait for the account itself: the figure of every counter."""
    return sum(not item.waits_for for item in items)
