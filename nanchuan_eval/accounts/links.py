"""One-time links (一次性链接) by which the owner of an account sets a password; nobody else ever knows it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


class LinkTokens(PasswordResetTokenGenerator):
    """Tokens that die when the password is set, at a log-in, and when a newer link is issued."""

    key_salt = "nanchuan_eval.accounts.links"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        issued = user.link_issued_at
        return f"{super()._make_hash_value(user, timestamp)}{issued.timestamp() if issued else ''}"


TOKENS = LinkTokens()


@dataclass(frozen=True)
class OneTimeLink:
    """A link as it is handed over: shown or printed once, kept nowhere."""

    account: User
    path: str = field(repr=False)
    good_until: datetime


@transaction.atomic
def issue_link(*, account_id: int, by: policy.Actor, at: datetime) -> OneTimeLink:
    """Issue the account's only link for setting a password (发一次性链接); an earlier one is void at once."""
    policy.check(by, "user.pwlink")
    account = User.objects.select_for_update().get(pk=account_id)
    if not account.is_usable(at):
        raise RuleViolation("账号已停用或已到期，请先启用。")
    return make_link(account, by=by, at=at)


def make_link(account: User, *, by: policy.Actor, at: datetime) -> OneTimeLink:
    """Make and log the link of a locked account, within the transaction of the caller, which has asked the table."""
    account.link_issued_at = at
    account.save(update_fields=["link_issued_at"])
    audit.record("user.pwlink", account, by=by, at=at)
    key = urlsafe_base64_encode(force_bytes(account.pk))
    path = reverse("set-password", args=[key, TOKENS.make_token(account)])
    return OneTimeLink(account, path, at + timedelta(hours=settings.LINK_HOURS))
