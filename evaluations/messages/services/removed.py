"""What becomes of a code whose person is removed while the message waits: taken out, then void or for the next one.

A code that may be in the hands of the person removed is never given to anybody else.
"""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.views.decorators.debug import sensitive_variables

from evaluations.codes.services.voiding import void_unsent
from evaluations.messages.models import Message
from evaluations.messages.queries import removed_unsent
from evaluations.messages.rules.kinds import Failure, MessageState
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
    content = json.loads(message.content)
    taken = [(line["stratum"], line["code"]) for line in content["lines"] if line["entry"] in gone]
    content["lines"] = [line for line in content["lines"] if line["entry"] not in gone]
    message.entries.filter(entry__in=gone).delete()
    message.content = json.dumps(content, ensure_ascii=False) if content["lines"] else None
    if not content["lines"]:
        message.state, message.failure, message.next_at = MessageState.STOPPED, Failure.REMOVED, None
    message.save(update_fields=["content", "state", "failure", "next_at"])
    return taken
