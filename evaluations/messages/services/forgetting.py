"""What is forgotten when: after a round nobody can tell any more whom a message went to, only how many went out."""

from datetime import datetime
from functools import partial

from django.db.models import Max, Q, QuerySet

from evaluations.messages.models import Message
from evaluations.personal_data.services.clients import ENDED
from evaluations.personal_data.services.people import PHONES_KEPT
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.database.sql import scrub
from nanchuan_eval.retention.services import RetentionRule

ADDRESSEES = "通知的收件人"


def retention_rules() -> list[RetentionRule]:
    """Return the retention period of the link between a message and a person."""
    return [
        RetentionRule(
            ADDRESSEES, "申诉期满后30日（公示后60日）", _addressed, forget_addressees, partial(scrub, (Message,))
        )
    ]


def addressed_in(round_: Round) -> QuerySet[Message]:
    """Return the messages of a round that still tell whom they went to."""
    return Message.objects.filter(round=round_).exclude(client=None, person=None)


def _addressed(at: datetime) -> QuerySet[Message]:
    ended = Max("steps__at", filter=Q(steps__state__in=(RoundState.PUBLISHED, RoundState.VOID)))
    rounds = Round.objects.filter(state__in=ENDED).annotate(ended=ended).filter(ended__lt=at - PHONES_KEPT)
    named = Message.objects.filter(round__in=rounds.values("pk"))
    return named.exclude(client=None, person=None)


def forget_addressees(rows: QuerySet[Message]) -> None:
    """Erase whom these messages went to."""
    rows.update(client=None, person=None, number="", receipt="", gateway_id="", content=None)
