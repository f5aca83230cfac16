"""Who still lacks a letter or message, how far the sending is, how many of a section's drawn people were reached."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, QuerySet

from evaluations.codes.queries import StratumLine, stratum_lines
from evaluations.draws.models import DrawEntry
from evaluations.messages.models import Message, MessageEntry, StopNumber
from evaluations.messages.rules.kinds import (
    GIVEN,
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

# Draws whose people get a code each by letter or message.
DELIVERED_BY = (DrawPurpose.CLIENTS, DrawPurpose.EVALUATORS)
MOST_NAMED = 3  # strata in one sentence


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
    """Strata to make codes for; those with codes made otherwise, those with too few drawn, and what does not fit."""

    lines: list[StratumLine]
    left_out: tuple[str, ...]
    thin: tuple[str, ...]
    faults: list[str]


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


def lines_to_issue(round_: Round, people: Iterable[Recipient], freed: Mapping[str, int]) -> IssuePlan:
    """Return what codes to make; `freed` = codes of each stratum that come back from people removed since."""
    wanted = Counter(entry.stratum for one in people for entry in one.entries)
    lines = {line.stratum: line for line in stratum_lines(round_) if line.channel == Channel.TARGETED}
    to_make, left_out, thin, mixed = [], [], [], []
    for stratum, number in sorted(wanted.items()):
        lacking = lines[stratum].lacking if stratum in lines else 0
        if stratum in lines and lines[stratum].is_thin:
            thin.append(stratum)
        elif lacking + freed.get(stratum, 0) == number:
            to_make += [lines[stratum]] if lacking else []
        elif lacking == 0:
            left_out.append(stratum)
        else:
            mixed.append(f"“{stratum}”有{number}人尚无通知、缺{lacking}个票号")
    return IssuePlan(to_make, tuple(left_out), tuple(thin), _mixed_in_words(mixed))


def _mixed_in_words(strata: Sequence[str]) -> list[str]:
    """Say in one sentence where a part of the codes was made otherwise: after a top-up that is every section."""
    if not strata:
        return []
    more = f"等{len(strata)}类" if len(strata) > MOST_NAMED else ""
    return [
        f"{'；'.join(strata[:MOST_NAMED])}{more}：这些类别的票号有一部分是另行生成的。"
        "请用“生成票号”补齐，按原来的方式发放；或者先作废另行生成而没有发出的票号。"
    ]


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
    """Return the letters not printed yet, in the order of their random keys."""
    return Message.objects.filter(round=round_, way=Way.LETTER, state=MessageState.QUEUED).order_by("key")


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
    """Return why how many messages were not delivered (one query)."""
    rows = Message.objects.filter(round=round_).exclude(failure="").exclude(state__in=GIVEN)
    counted = rows.order_by("failure").values_list("failure").annotate(Count("pk"))
    return {Failure(failure).label: number for failure, number in counted}


def delivered_by_section(round_: Round) -> dict[str, int]:
    """Return section code -> drawn clients whose letter or message has gone out, as far as is known (one query).

    A message counts from when the gateway accepted it until a receipt says that it did not arrive.
    """
    given = MessageEntry.objects.filter(
        message__round=round_,
        message__state__in=GIVEN,
        entry__is_selected=True,
        entry__draw__purpose=DrawPurpose.CLIENTS,
    )
    counted = given.order_by().values_list("entry__stratum").annotate(Count("pk"))
    return {stratum.partition(" ")[0]: number for stratum, number in counted}


def not_delivered_by_section(round_: Round) -> dict[str, int]:
    """Return section code -> codes in letters and messages that have not gone out, or did not arrive (one query)."""
    left = MessageEntry.objects.filter(message__round=round_, entry__draw__purpose=DrawPurpose.CLIENTS)
    left = left.filter(entry__is_selected=True).exclude(message__state__in=GIVEN)
    counted = left.order_by().values_list("entry__stratum").annotate(Count("pk"))
    return {stratum.partition(" ")[0]: number for stratum, number in counted}


def not_delivered_by_stratum(round_: Round) -> dict[str, int]:
    """Return stratum -> codes in letters and messages that have not gone out, or did not arrive (one query)."""
    left = MessageEntry.objects.filter(message__round=round_, entry__is_selected=True)
    left = left.exclude(message__state__in=GIVEN).order_by()
    return dict(left.values_list("entry__stratum").annotate(Count("pk")))


def delivered_by_stratum(round_: Round) -> dict[str, int]:
    """Return stratum -> drawn people whose letter or message has gone out, clients and evaluators (one query)."""
    given = MessageEntry.objects.filter(message__round=round_, message__state__in=GIVEN, entry__is_selected=True)
    return dict(given.order_by().values_list("entry__stratum").annotate(Count("pk")))


def has_messages(round_: Round) -> bool:
    """True if letters or messages were made for the round (one query)."""
    return Message.objects.filter(round=round_, kind__in=WITH_CODES).exists()
