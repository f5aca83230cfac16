"""Accounts made from a list: the units to recognise, which accounts wait for their role, which for their letter."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from nanchuan_eval.account_lists.rules import Known
from nanchuan_eval.accounts.services import units
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.names.rules.units import UnitNames
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import person_key

# The units of the roster by all their names, registered by the app that holds them.
unit_names: list[Callable[[], UnitNames]] = []
GRANT = "role.grant"


@dataclass(frozen=True)
class Letters:
    """The accounts without a password: to print, sent and still good, expired; and those without a role yet."""

    due: list[User]
    sent: list[User]
    expired: list[User]
    roleless: int


def known_units() -> UnitNames:
    """Return the units to recognise; none before a roster is there."""
    return unit_names[0]() if unit_names else UnitNames(())


@dataclass(frozen=True)
class Row:
    """An account as the pages show it, with the role it has or waits for."""

    account: User
    role: str
    unit: str


def rows(accounts: Iterable[User]) -> list[Row]:
    """Return the accounts as the pages show them (1 query)."""
    titles = {code: name for listed in units for code, name in listed()}
    return [
        Row(
            account,
            account.get_role_display() or account.get_requested_role_display(),
            titles.get(code := account.unit_code or account.requested_unit, code),
        )
        for account in accounts
    ]


def known_accounts() -> list[Known]:
    """Return all accounts, with their role or the one they wait for."""
    return [
        Known(
            account.username,
            person_key(account.person_code),
            account.role or account.requested_role,
            account.unit_code or account.requested_unit,
            account.is_active,
        )
        for account in User.objects.all()
    ]


def requested() -> tuple[list[User], list[User]]:
    """Return the accounts that wait for the role of their list: to be proposed, and proposed already (2 queries)."""
    waiting = list(User.objects.filter(is_active=True, role="").exclude(requested_role="").order_by("pk"))
    keys = [str(account.pk) for account in waiting]
    pending = set(Approval.objects.pending().filter(kind=GRANT, object_id__in=keys).values_list("object_id", flat=True))
    proposed = [account for account in waiting if str(account.pk) in pending]
    return [account for account in waiting if str(account.pk) not in pending], proposed


def letters(at: datetime) -> Letters:
    """Return the accounts whose owner has not set a password yet (1 query)."""
    found = [
        account
        for account in User.objects.filter(is_active=True, password_set_at=None).order_by(
            "role", "unit_code", "username"
        )
        if not account.has_usable_password() and account.is_usable(at)
    ]
    ready = [account for account in found if account.role]
    oldest = at - timedelta(hours=settings.LINK_HOURS)
    return Letters(
        due=[account for account in ready if account.link_issued_at is None],
        sent=[account for account in ready if account.link_issued_at and account.link_issued_at > oldest],
        expired=[account for account in ready if account.link_issued_at and account.link_issued_at <= oldest],
        roleless=len(found) - len(ready),
    )
