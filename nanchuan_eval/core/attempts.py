"""Actions attempted in a request: `policy.check` permits one, a `RuleViolation` may then refuse it.

Both report here, so that the middleware writes one audit row for a refusal, whichever page shows the message.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Attempt:
    """An action that the policy table permits; `refusal` = a rule's text, `is_done` = committed after all."""

    actor: object
    action: str
    refusal: str = ""
    is_done: bool = False


_attempts: ContextVar[list[Attempt] | None] = ContextVar("attempts", default=None)


@contextmanager
def recorded_attempts() -> Iterator[list[Attempt]]:
    """Collect the attempts made in this context."""
    attempts: list[Attempt] = []
    token = _attempts.set(attempts)
    try:
        yield attempts
    finally:
        _attempts.reset(token)


def refused(attempts: list[Attempt]) -> list[Attempt]:
    """Return the attempts that a rule refused and nothing committed later."""
    return [attempt for attempt in attempts if attempt.refusal and not attempt.is_done]


def record_attempt(actor: object, action: str) -> None:
    """Record that the policy table permits the action to the actor."""
    attempts = _attempts.get()
    if attempts is not None:
        attempts.append(Attempt(actor, action))


def note_refusal(text: str) -> None:
    """Record why the latest attempt is refused; the first text counts, later ones repeat it on the way to the page."""
    attempt = latest()
    if attempt is not None and not attempt.refusal:
        attempt.refusal = text


def latest() -> Attempt | None:
    """Return the latest attempt, if there is one."""
    attempts = _attempts.get()
    return attempts[-1] if attempts else None
