"""What a queued message holds, for the gateway and for the letter; nobody else reads it."""

import json
from typing import Any

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from evaluations.messages.models import Message
from evaluations.messages.queries import name_of
from evaluations.messages.rules import texts
from evaluations.messages.rules.kinds import MessageKind
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.rhythm import recently


def closes_in_words(round_: Round) -> str:
    """Return the end of the vote as messages say it."""
    return f"{timezone.localtime(round_.closes_at):%-m月%-d日%H:%M}"


@sensitive_variables()
def lines_of(message: Message) -> list[texts.CodeLine]:
    """Return the codes that go to this person, section by section (those of places lost are taken out before)."""
    lines: list[dict[str, Any]] = json.loads(message.content)["lines"]
    return [texts.CodeLine(line["section"], line["code"], tuple(line["first"])) for line in lines]


def site_of(message: Message) -> str:
    """Return the site's address that the links of a message begin with."""
    return str(json.loads(message.content)["site"])


@sensitive_variables()
def text_of(message: Message) -> str:
    """Return the text of a message."""
    closes, sign = closes_in_words(message.round), profile_of(message.round).sign
    if message.kind == MessageKind.REMINDER:
        return texts.reminder(sign=sign, closes=closes)
    return texts.invitation(
        sign=sign,
        name=name_of(message.client, message.person),
        site=site_of(message),
        closes=closes,
        lines=lines_of(message),
        recently=recently(message.round.rulebook),
    )
