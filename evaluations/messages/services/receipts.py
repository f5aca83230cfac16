"""Receipts of the gateway (回执), answers that unsubscribe (TD), and the stop list (退订名单)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from evaluations.messages.models import Message, StopNumber
from evaluations.messages.rules.kinds import GIVEN, Failure, MessageState, Way
from evaluations.messages.rules.receipts import Answer, Receipt
from evaluations.messages.services.keeping import digest_of, opened
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.lists.rules import values
from nanchuan_eval.permissions import policy


class Taken(NamedTuple):
    """What became of a delivery of receipts."""

    matched: int = 0
    unknown: int = 0
    stopped: int = 0
    unread: int = 0

    def __str__(self) -> str:
        unknown = f"，{self.unknown}条没有对应的短信" if self.unknown else ""
        stopped = f"，{self.stopped}个号码退订" if self.stopped else ""
        unread = f"，{self.unread}条短信回复不是退订，没有处理" if self.unread else ""
        return f"已记录回执{self.matched}条{unknown}{stopped}{unread}。"


@sensitive_variables()
@transaction.atomic
def take_receipts(received: Iterable[Receipt | Answer], *, at: datetime) -> Taken:
    """Record receipts and unsubscriptions; the same one twice changes nothing. The log holds their numbers only."""
    matched = unknown = stopped = unread = 0
    for one in received:
        if isinstance(one, Answer):
            unread += not one.is_stop
            stopped += one.is_stop and _stop(one.phone, is_own=True, at=at)
        elif _record(one):
            matched += 1
        else:
            unknown += 1
    taken = Taken(matched, unknown, stopped, unread)
    if stopped:
        audit.record("cred.print", None, by=policy.MACHINE, at=at, detail={"step_label": "本人退订", "people": stopped})
    return taken


@sensitive_variables()
def _record(receipt: Receipt) -> bool:
    digest = digest_of(receipt.key)
    found = Message.objects.select_for_update().filter(Q(number=receipt.key) | Q(receipt=digest) | Q(gateway_id=digest))
    message = found.first() if receipt.key else None
    if message is None:
        return False
    if receipt.is_delivered and _may_have_arrived(message):
        # Whatever was known before: it has arrived, so nothing more is sent, and no letter printed.
        message.state, message.failure, message.way = MessageState.DELIVERED, "", Way.SMS
        message.content, message.next_at = None, None
    elif not receipt.is_delivered and message.state in GIVEN and message.way == Way.SMS:
        # Only this number opens what is kept: it can be sent again, or go by letter, if it came in time.
        message.content, message.next_at = opened(message.content, receipt.key), None
        message.state, message.failure = MessageState.FAILED, Failure.UNDELIVERED
    elif not receipt.is_delivered and message.state == MessageState.SENDING and message.number == receipt.key:
        # Of this try, not repeated of an earlier one: the operator was faster than the gateway's answer, which will
        # find this when it is recorded.
        message.failure = Failure.UNDELIVERED
    message.save(update_fields=["state", "failure", "way", "content", "next_at"])
    return True


def _may_have_arrived(message: Message) -> bool:
    """True if the gateway was asked to send the message, and it was not printed as a letter since."""
    was_tried = message.tries > 0 and message.state != MessageState.STOPPED
    return was_tried and not (message.way == Way.LETTER and message.state in GIVEN)


@sensitive_variables()
@transaction.atomic
def stop_number(*, phone: str, by: policy.Actor, at: datetime) -> str:
    """Put a phone on the stop list; the audit log does not hold it."""
    policy.check(by, "cred.print")
    if not _stop(_checked(phone), is_own=False, at=at):
        raise RuleViolation("这个号码已经在退订名单中。")
    audit.record("cred.print", None, by=by, at=at, detail={"step_label": "登记退订号码", "people": 1})
    return "已登记退订：以后不再向这个号码发送短信，通知改用信函。"


@sensitive_variables()
@transaction.atomic
def resume_number(*, phone: str, by: policy.Actor, at: datetime) -> str:
    """Take a phone off the stop list, as its owner asks."""
    policy.check(by, "cred.print")
    found = StopNumber.objects.filter(phone_hash=keyed_hash(_checked(phone)))
    if not found.delete()[0]:
        raise RuleViolation("这个号码不在退订名单中。")
    audit.record("cred.print", None, by=by, at=at, detail={"step_label": "取消退订号码", "people": 1})
    return "已取消退订。"


@sensitive_variables()
def _checked(phone: str) -> str:
    found = values.phone(phone)
    if not found:
        raise RuleViolation("手机号有误，请填写11位手机号。")
    return found


@sensitive_variables()
def _stop(phone: str, *, is_own: bool, at: datetime) -> bool:
    day = timezone.localtime(at).date()
    given = {"phone": phone, "stopped_on": day, "is_own": is_own}
    return StopNumber.objects.get_or_create(phone_hash=keyed_hash(phone), defaults=given)[1]
