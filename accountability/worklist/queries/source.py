"""Sources of what waits: each reads rows of one shape, so that one query reads all sources of an account."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import DateField, DateTimeField, F, IntegerField, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse
from django.utils import timezone

from accountability.worklist.rules import WorkItem
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import Term
from nanchuan_eval.workspace.rules import Phase

Expression = str | Combinable | None


@dataclass(frozen=True)
class Asked:
    """Whose work list is read, and when."""

    user: User
    at: datetime
    # The day by which deadlines are judged, where it is not that of `at`.
    on: date | None = None

    @property
    def today(self) -> date:
        """The day by which deadlines are judged."""
        return self.on or timezone.localdate(self.at)

    @property
    def self(self) -> QuerySet[User]:
        """The account as a row: the source of what waits at most once."""
        return User.objects.filter(pk=self.user.pk)


class Row(NamedTuple):
    """What every source reads of a waiting object; `since` and `due_on` are the ends of its term."""

    source: str
    ref: str
    parent: str
    title: str
    detail: str
    due_on: date | None
    since: datetime | None
    days: int | None
    section: str = ""

    @property
    def started_on(self) -> date | None:
        """The local day of `since`."""
        return timezone.localdate(self.since) if self.since else None

    @property
    def term(self) -> Term | None:
        """The term in working days from `since` to `due_on`."""
        return Term(self.started_on, self.due_on) if self.started_on and self.due_on else None


@dataclass(frozen=True)
class Columns:
    """Rows of one table, and what of them stands in the columns of a `Row`."""

    rows: QuerySet[Any]
    ref: Expression = "pk"
    parent: Expression = None
    title: Expression = None
    detail: Expression = None
    due_on: Expression = None
    since: Expression = None
    days: Expression = None
    # Code of the section concerned, whose story (科室经过) the item leads to.
    section: Expression = None

    def named(self, source: str) -> QuerySet[Any]:
        """Return the rows in the common shape."""
        return self.rows.order_by().values_list(
            Cast(Value(source), TextField()),
            *(_text(each) for each in (self.ref, self.parent, self.title, self.detail)),
            Cast(_of(self.due_on), DateField()),
            Cast(_of(self.since), DateTimeField()),
            Cast(_of(self.days), IntegerField()),
            _text(self.section),
        )


@dataclass(frozen=True)
class Source:
    """One kind of object that can wait, for whoever starts (or decides) its action.

    `what` and `address` make the item of a row. `roles` replaces the question to
    the policy table where the table names a right that more roles have than do the work.
    """

    key: str
    phase: Phase
    actions: tuple[str, ...]
    rows: Callable[[Asked], Columns]
    what: Callable[[Row], str]
    address: Callable[[Row], str]
    model: str = ""
    roles: frozenset[Role] = frozenset()
    # True where the account decides, not starts: the A cell of the action.
    decides: bool = False
    # True where the deadline is a term in working days.
    has_term: bool = False
    # Day by which it is due, where it is not the row's `due_on`.
    due: Callable[[Row], date | None] = lambda row: row.due_on
    is_shown: Callable[[Row, date], bool] = lambda *_: True
    # Name of the proposal that stands in for it, where that is not one of its actions about an object of `model`.
    proposal: Callable[[Row], str] = lambda _: ""
    # Whom it waits for where it is shown to somebody else, who keeps an eye on it.
    waits_for: str = ""

    def is_for(self, user: User) -> bool:
        """True if such an object can wait for the account."""
        if self.roles:
            return user.role in self.roles
        asks = policy.may if self.decides else policy.may_start
        return any(asks(user, action, own=True) for action in self.actions)

    def item(self, row: Row) -> WorkItem:
        """Return the row as a work item."""
        return WorkItem(
            key=f"{self.key}-{row.ref}",
            what=self.what(row),
            due_on=self.due(row),
            address=self.address(row),
            phase=self.phase,
            proposed_as=self._proposed_as(row),
            escalate_days=row.days,
            term=row.term if self.has_term else None,
            waits_for=self.waits_for,
            story=reverse("accountability:section-story", args=[row.section]) if row.section else "",
        )

    def _proposed_as(self, row: Row) -> frozenset[str]:
        about = {f"{action}@{self.model}:{row.ref}" for action in self.actions if self.model}
        return frozenset(about | ({self.proposal(row)} - {""}))


def section_name(path: str) -> Combinable:
    """Return a section's name as it is written everywhere: unit and section."""
    return Concat(F(f"{path}__department_name"), F(f"{path}__name"))


def rule_of(path: str, key: str) -> Combinable:
    """Return a whole number of the rulebook of the round at `path`, of the row itself at none."""
    return Cast(KeyTextTransform(key, f"{path}__rulebook" if path else "rulebook"), IntegerField())


def read(sources: Iterable[Source], asked: Asked) -> Iterator[WorkItem]:
    """Yield the items of all sources for the account (one query)."""
    known = {source.key: source for source in sources if source.is_for(asked.user)}
    queries = [source.rows(asked).named(name) for name, source in known.items()]
    if not queries:
        return
    whole = queries[0].union(*queries[1:], all=True) if len(queries) > 1 else queries[0]
    for values in whole:
        row = Row(*values)
        source = known[row.source]
        if source.is_shown(row, asked.today):
            yield source.item(row)


def _text(expression: Expression) -> Combinable:
    if expression is None:
        return Cast(Value(""), TextField())
    return Coalesce(Cast(_of(expression), TextField()), Value(""), output_field=TextField())


def _of(expression: Expression) -> Combinable:
    return F(expression) if isinstance(expression, str) else Value(None) if expression is None else expression
