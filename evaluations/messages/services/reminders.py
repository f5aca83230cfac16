"""Reminders (催评): the same text to everybody reached by message, or to nobody; no code, no list of who has voted."""

import secrets
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import GIVEN, WITH_CODES, MessageKind, MessageState, Way
from evaluations.messages.services.gateways import sends_messages
from evaluations.rounds.models import Round
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BATCH_SIZE = 1000


def refuse_outside_vote(round_: Round, at: datetime) -> None:
    """Refuse to remind anybody of a vote that has not begun or is over."""
    if not round_.accepts(at):
        raise RuleViolation("只有评议中的轮次可以发送催评短信。")


@transaction.atomic
def remind_all(*, round_id: int, by: User, at: datetime) -> str:
    """Queue one reminder for everybody whose message has gone out and who was not removed; once in a round.

    There is no way to name some of them: nobody knows who has voted, and to ask some only would look as if.
    """
    policy.check(by, "cred.print")
    round_ = lock_round(round_id)
    refuse_outside_vote(round_, at)
    if not sends_messages():
        raise RuleViolation("没有设置短信网关，不能发送催评短信。")
    mine = Message.objects.filter(round=round_)
    if mine.filter(kind=MessageKind.REMINDER).exists():
        raise RuleViolation("本轮已经催评一次，不再发送：催评发给全部收到短信的人，次数多了会打扰已经提交的人。")
    waits = {MessageState.QUEUED, MessageState.SENDING}
    found = mine.filter(kind__in=WITH_CODES, way=Way.SMS, state__in=[*waits, *GIVEN])
    # Of a message to several drawings of one person, one that stands is enough; who was removed is not asked.
    found = found.filter(entries__entry__is_selected=True).distinct()
    rows = list(found.values_list("client", "person", "state"))
    if number := sum(state in waits for *_, state in rows):
        raise RuleViolation(
            f"还有{number}条评议短信没有发出，请待全部发出后再催评：每轮只催评一次，现在催评就漏了他们。"
        )
    people = sorted({(client, person) for client, person, _ in rows}, key=str)
    if not people:
        raise RuleViolation("还没有发出的评议短信，不能催评。")
    Message.objects.bulk_create(
        [
            Message(
                key=uuid4().hex,
                round=round_,
                kind=MessageKind.REMINDER,
                way=Way.SMS,
                client_id=client,
                person_id=person,
                next_at=at,
            )
            for client, person in secrets.SystemRandom().sample(people, len(people))
        ],
        batch_size=BATCH_SIZE,
    )
    audit.record("cred.print", round_, by=by, at=at, detail={"step_label": "催评短信", "messages": len(people)})
    return f"催评短信{len(people)}条待发出，发给全部收到评议短信的人。"
