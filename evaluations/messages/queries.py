"""Who still lacks a letter or message, how far the sending is, how many drawn people were not reached."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from evaluations.codes.queries import StratumLine, stratum_lines
from evaluations.draws.models import DrawEntry
from evaluations.draws.queries.committed_rounds import current_round, seats_by_round
from evaluations.messages.models import Message, MessageEntry, StopNumber
from evaluations.messages.rules.allotting import Without, allot, in_words
from evaluations.messages.rules.kinds import (
    GIVEN,
    UNSENT,
    WITH_CODES,
    Failure,
    MessageKind,
    MessageState,
    Way,
)
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import contact_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.scoring.method import Channel
from evaluations.service_records.models import Client
from evaluations.service_records.queries.prelist import prelists
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.installation.rules import Level, Line

OVERDUE = timedelta(hours=1)
# Draws whose people get a code each by letter or message.
DELIVERED_BY = (DrawPurpose.CLIENTS, DrawPurpose.EVALUATORS)

PersonKey = tuple[int | None, int | None]  # of a client, or of a person in a list


class Recipient(NamedTuple):
    """One person and the drawn places that a code is due for."""

    client: Client | None
    person: PoolEntry | None
    entries: tuple[DrawEntry, ...]

    @property
    def name(self) -> str:
        """The name on the letter."""
        return name_of(self.client, self.person)

    @property
    def phone(self) -> str:
        """The phone for a message, or ""."""
        return phone_of(self.client, self.person)


class IssuePlan(NamedTuple):
    """Strata to make codes for, the drawn places that get one now, and sentences about those that do not."""

    lines: list[StratumLine]
    entries: frozenset[int]
    without: tuple[str, ...]


@dataclass(frozen=True)
class SendingLine:
    """One line of the page: how many messages of a kind and way are where."""

    kind: str
    way: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def name_of(client: Client | None, person: PoolEntry | None) -> str:
    """Return the name of a person."""
    return str(client.name if client else person.name if person else "")


def phone_of(client: Client | None, person: PoolEntry | None) -> str:
    """Return the phone of a person, or ""."""
    if client:
        return str(client.phone or "")
    return contact_of(person) if person else ""


def entries_without_code(round_: Round, purposes: Collection[DrawPurpose] = DELIVERED_BY) -> QuerySet[DrawEntry]:
    """Return the drawn places of these draws that no letter or message was made for."""
    standing = round_.draws.standing().filter(purpose__in=purposes)
    return DrawEntry.objects.filter(draw__in=standing, is_selected=True, message_entry=None)


def recipients(round_: Round, purposes: Collection[DrawPurpose] = DELIVERED_BY) -> list[Recipient]:
    """Return the people who lack a code, each once with all drawn places (one query)."""
    entries = entries_without_code(round_, purposes).select_related("client", "person")
    found: dict[tuple[str, int | None], list[DrawEntry]] = {}
    for entry in entries.order_by("client", "person", "stratum"):
        kind = "client" if entry.client_id else "person"
        found.setdefault((kind, entry.client_id or entry.person_id), []).append(entry)
    return [Recipient(own[0].client, own[0].person, tuple(own)) for own in found.values()]


def issue_plan(round_: Round, entries: Iterable[DrawEntry], freed: Mapping[str, int]) -> IssuePlan:
    """Return what codes to make, for which of these drawn places, and in sentences why for none of the others.

    `freed` = codes of each stratum that come back from people removed since.
    """
    lines = {line.stratum: line for line in stratum_lines(round_) if line.channel == Channel.TARGETED}
    wanted = defaultdict[str, list[DrawEntry]](list)
    for entry in sorted(entries, key=lambda entry: entry.place or 0):
        wanted[entry.stratum].append(entry)
    # Codes without a stratum leave open whose are lacking.
    is_parted = all(line.people for line in lines.values())
    due = {
        stratum: max(0, line.people - line.codes + freed.get(stratum, 0))
        for stratum, line in lines.items()
        if not line.is_thin and (is_parted or line.is_bound)
    }
    is_short = any(len(own) > due.get(stratum, 0) for stratum, own in wanted.items())
    gone, earlier = (_gone(round_), _earlier_seats(round_)) if is_short else ({}, {})
    given, without = set[int](), defaultdict[Without, list[tuple[str, int]]](list)
    for stratum, own in wanted.items():
        share = allot(len(own), due.get(stratum, 0), gone.get(stratum, 0), earlier.get(stratum, ()))
        given.update(entry.pk for entry in own[share.start : share.end])
        if share.why:
            why = Without.THIN if stratum in lines and lines[stratum].is_thin else share.why
            without[why].append((stratum, len(own) - (share.end - share.start)))
    served = {entry.stratum for own in wanted.values() for entry in own if entry.pk in given}
    to_make = [lines[stratum] for stratum in sorted(served) if lines[stratum].lacking]
    return IssuePlan(to_make, frozenset(given), tuple(in_words(why, without[why]) for why in Without if why in without))


def _gone(round_: Round) -> dict[str, int]:
    """Return stratum -> people removed when their message had gone out, or may have (one query)."""
    removed = MessageEntry.objects.filter(message__round=round_, entry__is_selected=False).order_by()
    went = removed.exclude(pk__in=removed_unsent(round_, DELIVERED_BY).values("pk"))
    return dict(went.values_list("entry__stratum").annotate(Count("pk")))


def _earlier_seats(round_: Round) -> dict[str, list[int]]:
    """Return stratum -> seats of each committed round before the current one, where nobody was removed."""
    found: dict[str, list[int]] = {}
    for draw in round_.draws.standing().filter(purpose__in=DELIVERED_BY).exclude(result=""):
        removals = draw.events.exclude(entry=None)
        removed = set(removals.values_list("entry__stratum", flat=True))
        for each in seats_by_round(draw)[: current_round(draw) - 1]:
            for stratum, seats in each.items():
                if stratum not in removed:
                    found.setdefault(stratum, []).append(seats)
    return found


def removed_unsent(round_: Round, purposes: Collection[DrawPurpose]) -> QuerySet[MessageEntry]:
    """Return the places of people removed before their message went out, as far as it still holds their codes."""
    unsent = MessageEntry.objects.filter(message__round=round_, message__state__in=UNSENT, entry__is_selected=False)
    unsent = unsent.filter(entry__draw__purpose__in=purposes, message__content__isnull=False)
    return unsent.exclude(message__state=MessageState.SENDING)  # it may be on its way


def freed_codes(round_: Round) -> dict[str, int]:
    """Return stratum -> codes that come back from people removed before their message went out (one query)."""
    waiting = removed_unsent(round_, DELIVERED_BY).order_by()
    return dict(waiting.values_list("entry__stratum").annotate(Count("pk")))


def offered_first(round_: Round, people: Iterable[Recipient]) -> dict[int, tuple[str, ...]]:
    """Return person -> codes of the sections that an evaluator's ballot offers first: those with a record."""
    evaluators = [one.person for one in people if one.person]
    return {person: tuple(codes) for person, codes in prelists(round_, evaluators).items()} if evaluators else {}


def stopped_hashes(phones: Iterable[str]) -> set[str]:
    """Return the keyed hashes of those phones that are on the stop list (few queries)."""
    hashes, found = sorted({keyed_hash(phone) for phone in phones if phone}), set[str]()
    for start in range(0, len(hashes), 1000):
        part = hashes[start : start + 1000]
        found |= set(StopNumber.objects.filter(phone_hash__in=part).values_list("phone_hash", flat=True))
    return found


def waiting_letters(round_: Round) -> QuerySet[Message]:
    """Return the letters not printed yet, in the order of their random keys; none of whose people were all removed."""
    kept = MessageEntry.objects.filter(message=OuterRef("pk"), entry__is_selected=True)
    return letters_in_queue(round_).filter(Exists(kept)).order_by("key")


def letters_in_queue(round_: Round) -> QuerySet[Message]:
    """Return the letters that wait for the printer."""
    return Message.objects.filter(round=round_, way=Way.LETTER, state=MessageState.QUEUED)


def failed_to_retry(round_: Round) -> QuerySet[Message]:
    """Return the failed messages that can be tried again: not those reported by a receipt, which hold no code."""
    failed = Message.objects.filter(round=round_, state=MessageState.FAILED, way=Way.SMS)
    return failed.exclude(failure=Failure.REMOVED).exclude(content__isnull=True, kind__in=WITH_CODES)


def waiting_texts(round_: Round) -> QuerySet[Message]:
    """Return the text messages with codes that the gateway has not got yet, of people who stand."""
    waits = [MessageState.QUEUED, MessageState.SENDING]
    return _with_codes(round_).filter(state__in=waits)


def people_reached(round_: Round) -> set[PersonKey]:
    """Return whom a text message with a code has reached, as far as is known, and who stands (one query)."""
    return set(_with_codes(round_).filter(state__in=GIVEN).order_by().values_list("client", "person"))


def people_reminded(round_: Round) -> set[PersonKey]:
    """Return for whom a reminder was queued (one query)."""
    reminders = Message.objects.filter(round=round_, kind=MessageKind.REMINDER)
    return set(reminders.order_by().values_list("client", "person"))


def _with_codes(round_: Round) -> QuerySet[Message]:
    """Return the text messages with a code for at least one place from which its person was not removed."""
    mine = Message.objects.filter(round=round_, kind__in=WITH_CODES, way=Way.SMS)
    return mine.filter(entries__entry__is_selected=True).distinct()


def sending_lines(round_: Round) -> list[SendingLine]:
    """Return the figures of the page by kind and way (one query)."""
    rows = Message.objects.filter(round=round_).order_by().values_list("kind", "way", "state").annotate(Count("pk"))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for kind, way, state, number in rows:
        found.setdefault((kind, way), {})[state] = number
    order = {kind: number for number, kind in enumerate(MessageKind.values)}
    return [
        SendingLine(MessageKind(kind).label, Way(way).label, counts)
        for (kind, way), counts in sorted(found.items(), key=lambda item: (order[item[0][0]], item[0][1]))
    ]


def failures(round_: Round) -> dict[str, int]:
    """Return why how many messages were not delivered and are not tried again by themselves (one query)."""
    ended = [MessageState.FAILED, MessageState.STOPPED]
    rows = Message.objects.filter(round=round_, state__in=ended).exclude(failure="")
    counted = rows.order_by("failure").values_list("failure").annotate(Count("pk"))
    return {Failure(failure).label: number for failure, number in counted}


class NotDelivered(NamedTuple):
    """Codes in letters and messages that have not gone out or did not arrive; how many of them still `wait` for it."""

    codes: int
    waiting: int


def not_delivered_by_section(round_: Round) -> dict[str, NotDelivered]:
    """Return section code -> codes of drawn clients that nobody has, as far as is known (one query).

    A message has been given from when the gateway accepted it until a receipt says that it did not arrive.
    The code of somebody removed counts as well while it stands in a message: it is valid, and nobody has it.
    """
    left = _given_codes(round_).filter(entry__draw__purpose=DrawPurpose.CLIENTS)
    waits = Q(entry__is_selected=True, message__state__in=UNSENT, message__content__isnull=False)
    rows = left.exclude(message__state__in=GIVEN).order_by().values_list("entry__stratum")
    counted = rows.annotate(codes=Count("pk"), waiting=Count("pk", filter=waits))
    return {stratum.partition(" ")[0]: NotDelivered(codes, waiting) for stratum, codes, waiting in counted}


def deliveries_by_stratum(round_: Round) -> dict[str, list[bool]]:
    """Return stratum -> whether each code in a letter or message was delivered, in the order of making (one query).

    Those that a recall of their batch stopped count as delivered: they are taken off as dead codes.
    """
    found, still_given = defaultdict[str, list[bool]](list), Exists(_given_codes(round_).filter(pk=OuterRef("pk")))
    made = MessageEntry.objects.filter(message__round=round_).order_by("message_id", "entry_id")
    for stratum, state, counts in made.values_list("entry__stratum", "message__state", still_given):
        found[stratum].append(state in GIVEN or not counts)
    return found


def _given_codes(round_: Round) -> QuerySet[MessageEntry]:
    """Return the codes put into letters and messages, less those that a recall of their batch stopped."""
    stopped = Q(message__state=MessageState.STOPPED, message__failure="")
    return MessageEntry.objects.filter(message__round=round_).exclude(stopped)


def waiting_figures(at: datetime) -> Iterator[tuple[str, str, float]]:
    """Yield how many text messages and letters wait, for the monitor (one query)."""
    found = Message.objects.aggregate(
        texts=Count("pk", filter=Q(way=Way.SMS, state__in=[MessageState.QUEUED, MessageState.SENDING])),
        letters=Count("pk", filter=Q(way=Way.LETTER, state__in=UNSENT)),
        failed=Count("pk", filter=Q(state=MessageState.FAILED)),
    )
    yield "nanchuan_messages_waiting", "Text messages that wait to be sent", found["texts"]
    yield "nanchuan_letters_waiting", "Letters that wait to be printed", found["letters"]
    yield "nanchuan_messages_failed", "Messages that could not be sent", found["failed"]


def overdue_line(at: datetime) -> Iterator[Line]:
    """Yield that text messages have been due for an hour, for `doctor` (one query)."""
    due = Message.objects.filter(way=Way.SMS, state=MessageState.QUEUED, next_at__lt=at - OVERDUE).count()
    if due:
        text = f"有{due}条短信到时一小时仍未发出。请检查每5分钟运行一次的 advance_rounds 和短信网关（MESSAGE_URL）。"
        yield Line(Level.FAULT, "短信", text)
