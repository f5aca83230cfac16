"""The approving window: a fresh code opens it for APPROVAL_MINUTES, in which small approvals ask for no other code.

It lies in the session. With the session's stamp it ends at a log-out, another log-in, a new password, a reset factor.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import action_named
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.users.models import User

KEY = "approving"


def open_until(session: SessionBase, *, by: User, at: datetime) -> datetime | None:
    """Return until when this session approves without another code; None if it does not."""
    stamp, until = session.get(KEY) or ("", 0.0)
    ends = datetime.fromtimestamp(until, UTC)
    is_open = stamp == by.session_stamp and at < ends <= at + timedelta(minutes=settings.APPROVAL_MINUTES)
    return ends if is_open and second_factor.asks_again(by) else None


def asks_code(session: SessionBase, approvals: Iterable[Approval], *, by: User, at: datetime) -> bool:
    """True if approving these proposals asks for a fresh code."""
    if not second_factor.asks_again(by):
        return False
    is_grave = any(action_named(approval.kind).always_asks for approval in approvals)
    return is_grave or open_until(session, by=by, at=at) is None


def confirm(session: SessionBase, approvals: Iterable[Approval], *, code: str, by: User, at: datetime) -> None:
    """Refuse without the fresh code that these approvals need; the code opens the window."""
    if not asks_code(session, approvals, by=by, at=at):
        return
    second_factor.confirm_again(code=code, by=by, at=at)
    session[KEY] = (by.session_stamp, (at + timedelta(minutes=settings.APPROVAL_MINUTES)).timestamp())
