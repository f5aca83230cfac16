"""待办: everything that waits for an account; the home page, the reminders and all counters read it here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from accountability.worklist.queries import cases, closing, inspections, preparation, system
from accountability.worklist.queries.proposals import pending_and_returned, proposals
from accountability.worklist.queries.source import Asked, read
from accountability.worklist.queries.steps import steps
from accountability.worklist.rules import WorkItem
from evaluations.rounds.models import Round
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import names_of
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.users.models import User

SOURCES = (*preparation.SOURCES, *cases.SOURCES, *closing.SOURCES, *inspections.SOURCES, *system.SOURCES)


def work_items_of(
    user: User,
    today: date | None = None,
    *,
    at: datetime | None = None,
    rounds: Sequence[Round] | None = None,
    known: Sequence[Approval] | None = None,
) -> list[WorkItem]:
    """Return what waits for the account, earliest deadline first; what it waits for itself is marked.

    A fixed number of queries: the proposals, all sources together, the next step's conditions. `rounds` = those that
    are not over, `known` = the proposals, where a page has read them already.
    """
    if not user.role:
        return []
    asked = Asked(user, at or clock.now(), today)
    known = pending_and_returned(asked) if known is None else known
    pending = [approval for approval in known if approval.state == Approval.State.PENDING]
    taken = {name: approval for approval in pending for name in names_of(approval)}
    ended = {name for approval in known if approval not in pending for name in names_of(approval)}
    own, proposed = list[WorkItem](), dict[int, Approval]()
    for item in _without_doubles(_others(asked, rounds)):
        approval = next((taken[name] for name in sorted(item.proposed_as) if name in taken), None)
        if approval is not None:
            proposed[approval.pk] = approval
        elif not item.proposed_as & ended:
            own.append(item)
    items = [*proposals(asked, known, proposed), *own]
    return sorted(items, key=lambda item: (item.due_on or date.max, item.key))


def _others(asked: Asked, rounds: Sequence[Round] | None) -> Iterator[WorkItem]:
    yield from read(SOURCES, asked)
    yield from steps(asked, rounds)
    yield from inspections.unranked_twice(asked)
    yield from system.alarms(asked)
    yield from system.account_lists(asked)


def _without_doubles(items: Iterable[WorkItem]) -> Iterator[WorkItem]:
    """Yield the items but for conditions whose place another item names already."""
    places = set[str]()
    for item in items:
        if not (item.key.startswith("lack-") and item.address in places):
            yield item
        places.add(item.address)
