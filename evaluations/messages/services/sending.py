"""Sending (发送): claim a message, hand it to the gateway, record what became of it; for any number of processes.

A message reaches the gateway at least once: whoever dies between handing it over and recording that leaves it
claimed, and after the lease it is handed over again, under the same number (`key`).
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from evaluations.messages.models import Message, MessageEntry, SendingPace
from evaluations.messages.queries import phone_of, stopped_hashes
from evaluations.messages.rules.gateway import kept_until, wait_before
from evaluations.messages.rules.kinds import UNSENT, Failure, MessageKind, MessageState, Way
from evaluations.messages.services.contents import text_of
from evaluations.messages.services.gateways import Outcome, Outgoing, gateway, hand_over, sends_messages
from evaluations.messages.services.keeping import digest_of, locked, new_number
from evaluations.messages.services.removed import stop_dead, void_removed
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.services import Job
from nanchuan_eval.database.sql import scrub
from nanchuan_eval.permissions import policy

MINUTE = timedelta(minutes=1)
ONLY = 1  # the one row of SendingPace
Now = Callable[[], datetime]


class Claimed(NamedTuple):
    """A claimed message: its row, which try this is, and what the gateway gets."""

    message: int
    tries: int
    outgoing: Outgoing


class Sent(NamedTuple):
    """What a run has done: accepted by the gateway, not accepted, set aside for a letter."""

    accepted: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"已发出{self.accepted}条" + (f"，{self.failed}条未成功" if self.failed else "") + "。"


def send_due(
    *,
    seconds: float | None = None,
    is_once: bool = True,
    progress: Callable[[Sent], object] = lambda _: None,
    now: Now = clock.now,
    sleep: Callable[[float], object] = time.sleep,
) -> Sent:
    """Send what is due, at the rate of the settings, until nothing is (`is_once`) or the seconds are over."""
    done, began = Sent(), time.monotonic()
    while sends_messages() and (seconds is None or time.monotonic() - began < seconds):
        found = claim(at=now())
        if isinstance(found, Claimed):
            accepted = record_outcome(found, hand_over(found.outgoing), at=now())
            done = Sent(done.accepted + accepted, done.failed + (not accepted))
            progress(done)
        elif isinstance(found, float):
            sleep(found)
        elif is_once:
            break
        else:
            sleep(MINUTE.total_seconds() / 6)
    return done


@sensitive_variables()
@transaction.atomic
def claim(*, at: datetime) -> Claimed | float | None:
    """Claim the next due message; a number = the seconds to wait for the rate, None = nothing is due.

    The row of the pace is the queue in which all processes wait, so that together they keep the rate.
    """
    pace, _ = SendingPace.objects.select_for_update().get_or_create(pk=ONLY, defaults={"next_at": at})
    # A clock that was set back must not stop the sending.
    if at < pace.next_at <= at + MINUTE:
        return (pace.next_at - at).total_seconds()
    used, message = gateway(), _next_sendable(at)
    if message is None:
        return None
    void_removed(message, by=policy.CLOCK, at=at)
    message.state, message.tries, message.next_at = MessageState.SENDING, message.tries + 1, at + used.lease
    message.failure = ""  # of this try nothing is known yet
    # The same one until it is accepted: a gateway that can drops what comes twice under it.
    message.number = message.number or new_number()
    message.save(update_fields=["state", "failure", "tries", "next_at", "number"])
    pace.next_at = at + MINUTE / used.rate
    pace.save(update_fields=["next_at"])
    phone = phone_of(message.client, message.person)
    outgoing = Outgoing(message.number, phone, text_of(message), message.round.is_demo)
    return Claimed(message.pk, message.tries, outgoing)


@transaction.atomic
def record_outcome(claimed: Claimed, outcome: Outcome, *, at: datetime) -> bool:
    """Record what the gateway said; the text is locked with the record that it was sent. True if accepted."""
    message = Message.objects.select_for_update().get(pk=claimed.message)
    if not outcome.failure:
        _accept(message, claimed.outgoing.key, outcome.gateway_id, at=at)
    elif message.state != MessageState.SENDING or message.tries != claimed.tries:
        return False  # another process has taken it over since
    elif message.tries > gateway().retries:
        message.state, message.failure, message.next_at = MessageState.FAILED, outcome.failure, None
    else:
        message.state, message.failure = MessageState.QUEUED, outcome.failure
        message.next_at = at + wait_before(message.tries)
    message.save(update_fields=["state", "way", "content", "failure", "next_at", "number", "receipt", "gateway_id"])
    return not outcome.failure


@sensitive_variables()
def _accept(message: Message, number: str, gateway_id: str, *, at: datetime) -> None:
    """Mark as sent and lock the text; what was accepted, delivered or given up before has none left to lock."""
    if message.state == MessageState.SENDING and message.failure == Failure.UNDELIVERED:
        message.state, message.next_at = MessageState.FAILED, None  # a receipt has come before
    elif message.state in UNSENT:
        until = kept_until(at, gateway().keep_hours)
        is_kept = message.content is not None and until is not None
        message.content = locked(message.content, (number, gateway_id)) if is_kept else None
        # It may have become a letter that waits for the printer; now it need not be printed.
        message.way, message.state, message.next_at = Way.SMS, MessageState.SENT, until if is_kept else None
    if message.state not in {MessageState.STOPPED, MessageState.FAILED}:
        message.failure = ""
    message.number, message.receipt, message.gateway_id = "", digest_of(number), digest_of(gateway_id)


def forget_kept(*, at: datetime) -> int:
    """Erase the texts for which no receipt has come in time; returns how many."""
    over = Message.objects.filter(state=MessageState.SENT, content__isnull=False, next_at__lte=at)
    return over.update(content=None, next_at=None)


def end_of_vote(*, at: datetime) -> int:
    """Erase all codes when a vote has ended, as they cannot vote any more; returns how many were not sent."""
    with transaction.atomic():
        over = Round.objects.exclude(state__in=[RoundState.DRAFT, RoundState.FROZEN, RoundState.DRAWN])
        over = over.exclude(state=RoundState.OPEN, closes_at__gt=at)
        mine = Message.objects.filter(round__in=over.values("pk"))
        kept = mine.filter(state=MessageState.SENT, content__isnull=False).update(content=None, next_at=None)
        left = mine.filter(state__in=UNSENT)
        erased = left.update(state=MessageState.STOPPED, content=None, failure=Failure.CLOSED, next_at=None)
    if (kept or erased) and not connection.in_atomic_block:
        scrub([Message])
    return erased


def message_jobs(at: datetime) -> list[Job]:
    """Return what the clock has to do for messages: send for a part of the time until its next run."""
    return [Job("发送短信", lambda: _sent_by_the_clock(at))]


def _sent_by_the_clock(at: datetime) -> str:
    erased = end_of_vote(at=at)
    forget_kept(at=at)
    sent = send_due(seconds=settings.MESSAGE_RUN_SECONDS)
    return f"{sent}投票截止，清除未发出的{erased}条。" if erased else str(sent)


def _due(at: datetime) -> QuerySet[Message]:
    """Return the messages due, also those whose sender has died; letters wait for the printer."""
    rounds = Round.objects.accepting(at)
    due = Message.objects.filter(
        round__in=rounds,
        way=Way.SMS,
        state__in=[MessageState.QUEUED, MessageState.SENDING],
        next_at__lte=at,
    )
    skips = connection.features.has_select_for_update_skip_locked
    locked = due.select_for_update(of=("self",), skip_locked=True) if skips else due.select_for_update()
    return locked.select_related("round", "client", "person").order_by("next_at", "key")


def _next_sendable(at: datetime) -> Message | None:
    """Return the next due message, setting aside those that do not go to the gateway after all."""
    while (message := _due(at).first()) is not None:
        if stop_dead(message):
            continue
        reason = _obstacle(message)
        if reason is None:
            return message
        _set_aside(message, reason)
    return None


def _obstacle(message: Message) -> Failure | None:
    """Return why a message does not go to the gateway after all."""
    phone = phone_of(message.client, message.person)
    if not phone:
        return Failure.NO_PHONE
    if stopped_hashes([phone]):
        return Failure.STOP_LIST
    standing = MessageEntry.objects.filter(entry__is_selected=True)
    if message.kind == MessageKind.REMINDER:
        mine = {"round": message.round_id, "client": message.client_id, "person": message.person_id}
        standing = standing.filter(**{f"message__{name}": value for name, value in mine.items()})
    else:
        standing = standing.filter(message=message)
    if not standing.exists():
        return Failure.REMOVED
    return None


def _set_aside(message: Message, reason: Failure) -> None:
    """Let a letter go instead; a reminder has none, and codes of removed people wait for those who replace them."""
    message.failure, message.next_at = reason, None
    if message.kind == MessageKind.REMINDER:
        message.state = MessageState.STOPPED
    elif reason == Failure.REMOVED:
        message.state = MessageState.FAILED
    else:
        message.way, message.state = Way.LETTER, MessageState.QUEUED
    message.save(update_fields=["failure", "next_at", "way", "state"])
