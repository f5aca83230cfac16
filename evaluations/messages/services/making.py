"""Codes made and put into letters and messages in one transaction: one for each person, with a code for each section.

The codes exist outside the gateway and the envelope only here, encrypted, until each message is sent.
"""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.codes.services.handing_out import site_address
from evaluations.codes.services.issuing import BEFORE_CLOSING, make_lacking
from evaluations.codes.services.voiding import void_unsent
from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries.committed_rounds import current_round, seats_by_round
from evaluations.draws.rules import Delivery
from evaluations.messages.models import Message, MessageEntry
from evaluations.messages.queries import (
    DELIVERED_BY,
    Recipient,
    issue_plan,
    offered_first,
    recipients,
    stopped_hashes,
)
from evaluations.messages.rules.kinds import Failure, MessageKind, Way
from evaluations.messages.services.gateways import sends_messages
from evaluations.messages.services.removed import Codes, free_codes
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BATCH_SIZE = 1000


class Made(NamedTuple):
    """What was made, and in sentences who got nothing and why."""

    messages: int
    letters: int
    codes: int
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "".join(
            [f"已生成{self.codes}个票号，短信{self.messages}条、信函{self.letters}封待发出。", *self.without]
        )


@sensitive_variables()
@transaction.atomic
def deliver_new(
    *,
    round_id: int,
    site: str,
    by: User,
    at: datetime,
    letters_only: bool = False,
    purposes: Collection[DrawPurpose] = DELIVERED_BY,
) -> Made:
    """Make the codes of all drawn people who have none, and for each person one message, or one letter.

    A letter goes to whoever has no phone or is on the stop list, to all if `letters_only` or without a gateway. All
    or nothing; after a top-up or a removal it reaches those newly drawn only.
    """
    policy.check(by, "cred.print")
    return _deliver(round_id, purposes, site=site, letters_only=letters_only, by=by, at=at)


@sensitive_variables()
@transaction.atomic
def deliver_drawn(*, draw: Draw, site: str, way: str, by: User, at: datetime) -> Made:
    """Make the codes, letters and messages of those whom a further round has just drawn, as a part of that act.

    Its approval names it; whoever proposes a further round may make codes (a test compares the two rights).
    """
    purposes = [DrawPurpose(draw.purpose)]
    return _deliver(draw.round_id, purposes, site=site, letters_only=way == Delivery.LETTERS, by=by, at=at)


@sensitive_variables()
def _deliver(
    round_id: int, purposes: Collection[DrawPurpose], *, site: str, letters_only: bool, by: User, at: datetime
) -> Made:
    round_, site = lock_round(round_id), site_address(site)
    if RoundState(round_.state) not in BEFORE_CLOSING or at >= round_.closes_at:
        raise RuleViolation("票号和通知只能在名录锁定之后、投票截止之前生成。")
    freed = free_codes(round_, purposes, by=by, at=at)
    people = recipients(round_, purposes)
    if not people:
        raise RuleViolation("抽中人员的通知已经齐全，没有重复生成；尚未抽取的，请先完成抽取。")
    entries = [entry for one in people for entry in one.entries]
    plan = issue_plan(round_, entries, {stratum: len(codes) for stratum, codes in freed.items()})
    people = [
        one._replace(entries=kept)
        for one in people
        if (kept := tuple(entry for entry in one.entries if entry.pk in plan.entries))
    ]
    if not people:
        raise RuleViolation(*plan.without)
    # No more than go out now: who holds a code that is dead since lacks one, too, but is not delivered anew.
    needed = Counter(entry.stratum for one in people for entry in one.entries)
    needed.subtract({stratum: len(codes) for stratum, codes in freed.items()})
    for batch, codes in make_lacking(round_, plan.lines, most=needed, by=by, at=at):
        freed[batch.stratum] += codes
    made = _queue(round_, people, freed, site=site, letters_only=letters_only, at=at)
    # A code that is left, as nobody took the place, would count as handed out.
    void_unsent(round_, [code for codes in freed.values() for code in codes], by=by, at=at)
    made = made._replace(without=plan.without)
    detail = {
        "step_label": "生成通知",
        "messages": made.messages,
        "letters": made.letters,
        "codes": made.codes,
        "site": site,
    }
    audit.record("cred.print", round_, by=by, at=at, detail=detail)
    return made


def _first_seats(round_: Round) -> dict[tuple[int, str], int]:
    """Return (draw, stratum) -> seats of the first round, for draws of which a further round was opened."""
    draws = round_.draws.standing().filter(purpose__in=DELIVERED_BY, events__entry=None, events__isnull=False)
    return {
        (draw.pk, stratum): seats
        for draw in draws.distinct()
        if current_round(draw) > 1
        for stratum, seats in seats_by_round(draw)[0].items()
    }


def _kind(one: Recipient, first_seats: Mapping[tuple[int, str], int]) -> MessageKind:
    """Return whether a top-up drew the person: whoever takes a removed person's place is no top-up."""
    further = (
        (entry.place or 0) > first_seats[entry.draw_id, entry.stratum]
        for entry in one.entries
        if (entry.draw_id, entry.stratum) in first_seats
    )
    return MessageKind.TOP_UP if any(further) else MessageKind.INVITATION


@sensitive_variables()
def _queue(
    round_: Round, people: Sequence[Recipient], codes: Codes, *, site: str, letters_only: bool, at: datetime
) -> Made:
    """Store the messages in random order, so that no number tells in which order their codes were made."""
    names = {section.code: str(section) for section in round_.sections.all()}
    first, first_seats = offered_first(round_, people), _first_seats(round_)
    stopped = set() if letters_only else stopped_hashes(one.phone for one in people)
    queued: list[tuple[Message, tuple[DrawEntry, ...]]] = []
    for one in secrets.SystemRandom().sample(people, len(people)):
        lines = [_line(entry, names, codes, first) for entry in one.entries]
        is_stopped = bool(one.phone) and keyed_hash(one.phone) in stopped
        message = Message(
            key=uuid4().hex,
            round=round_,
            kind=_kind(one, first_seats),
            way=_way(one, letters_only, is_stopped),
            client=one.client,
            person=one.person,
            content=json.dumps({"site": site, "lines": lines}, ensure_ascii=False),
            next_at=at,
            failure=Failure.STOP_LIST if is_stopped else "" if one.phone or letters_only else Failure.NO_PHONE,
        )
        queued.append((message, one.entries))
    stored = Message.objects.bulk_create([message for message, _ in queued], batch_size=BATCH_SIZE)
    MessageEntry.objects.bulk_create(
        [MessageEntry(message=m, entry=e) for m, (_, own) in zip(stored, queued, strict=True) for e in own],
        batch_size=BATCH_SIZE,
    )
    letters = sum(message.way == Way.LETTER for message in stored)
    return Made(len(stored) - letters, letters, sum(len(own) for _, own in queued))


def _way(one: Recipient, letters_only: bool, is_stopped: bool) -> Way:
    if letters_only or not sends_messages() or not one.phone or is_stopped:
        return Way.LETTER
    return Way.SMS


@sensitive_variables()
def _line(
    entry: DrawEntry, names: Mapping[str, str], codes: Codes, first: Mapping[int, Sequence[str]]
) -> dict[str, object]:
    """Return one code as a message holds it; the codes of a stratum come in random order."""
    bound = entry.stratum.partition(" ")[0] if entry.client_id else ""
    return {
        "entry": entry.pk,
        "stratum": entry.stratum,
        "section": names.get(bound, entry.stratum) if bound else "",
        "code": codes[entry.stratum].pop(),
        "first": list(first.get(entry.person_id or 0, ())),
    }
