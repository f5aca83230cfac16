"""What a request tried and a rule refused: `policy.check` lets an act through, a `RuleViolation` then stops it.

Both tell this module, so that the middleware can leave one trace of it, whichever page shows the text to the person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Attempt:
    """One act that the table let through; `refusal` = the rule's text, `is_done` = it was committed after all."""

    actor: object
    action: str
    refusal: str = ""
    is_done: bool = False


_attempts: ContextVar[list[Attempt] | None] = ContextVar("attempts", default=None)


@contextmanager
def recorded_attempts() -> Iterator[list[Attempt]]:
    """Collect what is tried meanwhile."""
    attempts: list[Attempt] = []
    token = _attempts.set(attempts)
    try:
        yield attempts
    finally:
        _attempts.reset(token)


def refused(attempts: list[Attempt]) -> list[Attempt]:
    """Return what came to nothing because of a rule."""
    return [attempt for attempt in attempts if attempt.refusal and not attempt.is_done]


def record_attempt(actor: object, action: str) -> None:
    """Note that the table lets the actor try the action."""
    attempts = _attempts.get()
    if attempts is not None:
        attempts.append(Attempt(actor, action))


def note_refusal(text: str) -> None:
    """Note why the act tried last is refused; the first text stands (others repeat it on its way to the page)."""
    attempt = latest()
    if attempt is not None and not attempt.refusal:
        attempt.refusal = text


def latest() -> Attempt | None:
    """Return the act tried last."""
    attempts = _attempts.get()
    return attempts[-1] if attempts else None
