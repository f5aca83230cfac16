"""What becomes of a code whose person is removed, or whose batch is recalled, while the message waits: taken out.

That of a person removed is then void or for the next one.

A code that may be in the hands of the person removed is never given to anybody else.
"""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.views.decorators.debug import sensitive_variables

from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import DEAD
from evaluations.codes.services.voiding import void_unsent
from evaluations.messages.models import Message, MessageEntry
from evaluations.messages.queries import removed_unsent
from evaluations.messages.rules.kinds import UNSENT, Failure, MessageState
from evaluations.protocol.codes import issue_of, normalize_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.permissions import policy

Codes = dict[str, list[str]]


@sensitive_variables()
def void_removed(message: Message, *, by: policy.Actor, at: datetime) -> None:
    """Void the codes of removed places in a message that is about to go out for the others; the row is locked."""
    codes = [code for _, code in _take_out(message)]
    if codes:
        void_unsent(message.round, codes, by=by, at=at)


@sensitive_variables()
def free_codes(round_: Round, purposes: Collection[DrawPurpose], *, by: policy.Actor, at: datetime) -> Codes:
    """Take back the codes of people of these draws removed before theirs was sent, for those who take their places.

    What a gateway was asked to send before may have arrived, whatever it answered: such a code is void.
    """
    freed, void = defaultdict[str, list[str]](list), []
    waiting = Message.objects.filter(pk__in=removed_unsent(round_, purposes).values("message"))
    for message in waiting.select_for_update():
        for stratum, code in _take_out(message, purposes):
            if message.tries:
                void.append(code)
            else:
                freed[stratum].append(code)
    void_unsent(round_, void, by=by, at=at)
    return freed


def stop_recalled(batch: CodeBatch) -> None:
    """Stop what was to bring codes of a recalled batch, as a part of its recall, which holds the round.

    Nobody knows who has used a code that may have arrived. So its person gets another one only if no code of the
    stratum can vote or did: then nobody has a vote that could be doubled.
    """
    waiting = Message.objects.filter(state__in=UNSENT, content__isnull=False, round=batch.round_id)
    for message in waiting.filter(entries__entry__stratum=batch.stratum).distinct():
        # Locked one by one: DISTINCT allows no lock, and what has been sent meanwhile holds nothing any more.
        stop_dead(Message.objects.select_for_update(of=("self",)).select_related("round").get(pk=message.pk))
    codes = Credential.objects.filter(batch__round=batch.round_id, batch__channel=batch.channel)
    if not codes.filter(batch__stratum=batch.stratum).exclude(DEAD).exists():
        MessageEntry.objects.filter(message__round=batch.round_id, entry__stratum=batch.stratum).delete()


@sensitive_variables()
def stop_dead(message: Message) -> bool:
    """Take the void codes and those of recalled batches out of a message, used or not; True if none is left.

    The row is locked. Whoever cannot have got the code is without one again.
    """
    if message.content is None or message.state not in UNSENT:
        return False
    lines = json.loads(message.content)["lines"]
    entries = {issue_of(message.round.key, normalize_code(line["code"])): line["entry"] for line in lines}
    dead = Credential.objects.filter(issue__in=list(entries)).exclude(is_void=False, batch__is_open=True)
    gone = {entries[issue] for issue in dead.values_list("issue", flat=True)}
    _drop(message, gone, "")
    if not message.tries:
        message.entries.filter(entry__in=gone).delete()
    return message.content is None


@sensitive_variables()
def _take_out(message: Message, purposes: Collection[DrawPurpose] | None = None) -> list[tuple[str, str]]:
    """Take the codes of removed places out of a message; returns them with their strata."""
    if message.content is None:
        return []
    removed = message.entries.filter(entry__is_selected=False)
    if purposes is not None:
        removed = removed.filter(entry__draw__purpose__in=purposes)
    gone = set(removed.values_list("entry", flat=True))
    if not gone:
        return []
    message.entries.filter(entry__in=gone).delete()
    return _drop(message, gone, Failure.REMOVED)


@sensitive_variables()
def _drop(message: Message, gone: Collection[int], failure: str) -> list[tuple[str, str]]:
    """Drop the codes of these places from a message, which stops if it has no others; returns them."""
    if not gone or message.content is None:
        return []
    content = json.loads(message.content)
    taken = [(line["stratum"], line["code"]) for line in content["lines"] if line["entry"] in gone]
    content["lines"] = [line for line in content["lines"] if line["entry"] not in gone]
    message.content = json.dumps(content, ensure_ascii=False) if content["lines"] else None
    if not content["lines"]:
        message.state, message.failure, message.next_at = MessageState.STOPPED, failure, None
    message.save(update_fields=["content", "state", "failure", "next_at"])
    return taken
