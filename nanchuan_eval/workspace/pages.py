"""The navigation of the staff's pages (导航): admin lists by their `phase`, and the pages that features register."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workspace.rules import Link, Phase, Tab, current_address


@dataclass(frozen=True)
class Entry:
    """A page of the navigation and who may open it."""

    phase: Phase
    label: str
    # Name of its URL and the arguments.
    address: str
    # Action that the account must at least see; "" admits every account with a role.
    action: str = ""
    # True if the account must be able to start the action, not only see its object.
    starts: bool = False
    # True if seeing one's own objects suffices.
    own: bool = False
    # Roles for which the page is meant; empty for all that may see the action.
    roles: frozenset[Role] = frozenset()
    order: int = 50
    args: tuple[str, ...] = ()

    def is_for(self, user: User) -> bool:
        """True if the account may open the page and it is meant for the account's role."""
        is_meant = user.role in self.roles if self.roles else user.is_staff or not self.address.startswith("admin:")
        admits = policy.may_start if self.starts else policy.may_see
        return is_meant and (not self.action or admits(user, self.action, own=self.own))


_entries: list[Entry] = []


def register(*entries: Entry) -> None:
    """Add pages to the navigation, in `AppConfig.ready`."""
    _entries.extend(entries)


def navigation_of(request: HttpRequest) -> list[Tab]:
    """Return the phases with the pages that the request's account may open; phases without pages are left out."""
    entries = sorted(_entries_for(request), key=lambda entry: entry.order)
    current = current_address([_address(entry.address, *entry.args) for entry in entries], request.path)
    tabs = []
    for phase in Phase:
        links = [_link(entry, current) for entry in entries if entry.phase == phase]
        if links:
            tabs.append(Tab(phase, links))
    return tabs


def _entries_for(request: HttpRequest) -> Iterator[Entry]:
    user = request.user
    if not isinstance(user, User) or not user.role:
        return
    yield from (entry for entry in _entries if entry.is_for(user))
    if user.is_staff:
        yield from (list_entry(each) for each in model_lists() if each.has_view_permission(request))


def list_entry(model_admin: Any) -> Entry:
    """Return the entry of a list of the admin."""
    opts = model_admin.opts
    name = f"admin:{opts.app_label}_{opts.model_name}_changelist"
    label = model_admin.menu or str(opts.verbose_name_plural)
    return Entry(model_admin.phase, label, name, order=model_admin.order)


def model_lists() -> Iterator[Any]:
    """Yield the model admins that say where they stand; Django's own list of groups does not."""
    yield from (each for each in admin.site._registry.values() if hasattr(each, "phase"))


def _link(entry: Entry, current: str) -> Link:
    address = _address(entry.address, *entry.args)
    return Link(entry.label, address, is_current=address == current)


@cache
def _address(name: str, *args: str) -> str:
    return reverse(name, args=args)
