"""Reminders (催评): the same text to all reached by message since the last one; no code, no list of who has voted."""

import secrets
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from evaluations.messages.models import Message
from evaluations.messages.queries import people_reached, people_reminded, waiting_texts
from evaluations.messages.rules.kinds import MessageKind, Way
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
    """Queue one reminder for everybody whose message has gone out and who was neither reminded nor removed.

    There is no way to name some of them: nobody knows who has voted, and to ask some only would look as if. Whom a
    further round of a draw reaches later is reminded later, all of them together; nobody is twice.
    """
    policy.check(by, "cred.print")
    round_ = lock_round(round_id)
    refuse_outside_vote(round_, at)
    if not sends_messages():
        raise RuleViolation("没有设置短信网关，不能发送催评短信。")
    if number := waiting_texts(round_).count():
        raise RuleViolation(f"还有{number}条评议短信没有发出，请待全部发出后再催评：现在催评就漏了他们。")
    reached = people_reached(round_)
    if not reached:
        raise RuleViolation("还没有发出的评议短信，不能催评。")
    people = sorted(reached - people_reminded(round_), key=str)
    if not people:
        raise RuleViolation("收到评议短信的人都已催评，不再发送：每人每轮只催评一次，次数多了会打扰已经提交的人。")
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
    return f"催评短信{len(people)}条待发出，发给收到评议短信而尚未催评的全部人员。"
