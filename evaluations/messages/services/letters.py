"""Letters with codes (评议通知书): printed once, and erased in the same transaction; failed messages become letters."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.messages.documents import Letter, letters_pdf
from evaluations.messages.models import Message
from evaluations.messages.queries import failed_to_retry, letters_in_queue, name_of, waiting_letters
from evaluations.messages.rules.kinds import WITH_CODES, Failure, MessageState, Way
from evaluations.messages.services.contents import lines_of, site_of
from evaluations.messages.services.removed import stop_dead, void_removed
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


class Printed(NamedTuple):
    """One PDF and how many letters it has."""

    letters: int
    pdf: bytes


@sensitive_variables()
@transaction.atomic
def print_letters(
    *, round_id: int, most: int, by: policy.Actor, at: datetime, keep: Callable[[bytes], object] = lambda _: None
) -> Printed:
    """Return the next letters as a PDF and erase their codes; a second download of the same ones is impossible.

    If the PDF cannot be made, or `keep` cannot store it, nothing is erased.
    """
    policy.check(by, "cred.print")
    round_ = _before_closing(round_id, at)
    chosen = list(
        waiting_letters(round_).select_for_update(of=("self",)).select_related("round", "client", "person")[:most]
    )
    letters = []
    for message in chosen:
        if stop_dead(message):
            continue
        void_removed(message, by=by, at=at)
        name = name_of(message.client, message.person)
        unit = message.client.unit if message.client else message.person.unit if message.person else ""
        letters.append(Letter(name, unit, site_of(message), tuple(lines_of(message))))
    if not letters:
        raise RuleViolation("没有待打印的信函。信函打印一次后，系统不再保存其中的票号。")
    pdf = letters_pdf(round_, letters, at=at)
    keep(pdf)
    printed = Message.objects.filter(pk__in=[message.pk for message in chosen], state=MessageState.QUEUED)
    printed.update(state=MessageState.SENT, content=None, next_at=None)
    # What is left was made for people removed since; it waits for those who take their places.
    rest = letters_in_queue(round_).exclude(pk__in=waiting_letters(round_).values("pk"))
    rest.update(state=MessageState.FAILED, failure=Failure.REMOVED)
    audit.record("cred.print", round_, by=by, at=at, detail={"step_label": "打印评议通知书", "letters": len(letters)})
    return Printed(len(letters), pdf)


@transaction.atomic
def requeue_failed(*, round_id: int, as_letters: bool, by: User, at: datetime) -> str:
    """Try the failed messages again, or let letters go instead; what was reported too late holds no code any more."""
    policy.check(by, "cred.print")
    round_ = _before_closing(round_id, at)
    failed = failed_to_retry(round_)
    if as_letters:
        count = failed.filter(kind__in=WITH_CODES).update(way=Way.LETTER, state=MessageState.QUEUED, next_at=None)
        label, done = "未成功的短信改用信函", f"{count}条短信改为信函，待打印。"
    else:
        count = failed.update(state=MessageState.QUEUED, next_at=at, tries=1)  # 1: the gateway may have it
        label, done = "重新发送未成功的短信", f"{count}条短信重新排队。"
    if not count:
        raise RuleViolation("没有可以重新办理的短信：超过保存时间才报告未送达的，票号已不在系统中，不能再发。")
    audit.record("cred.print", round_, by=by, at=at, detail={"step_label": label, "messages": count})
    return done


def _before_closing(round_id: int, at: datetime) -> Round:
    round_ = lock_round(round_id)
    if RoundState(round_.state) not in BEFORE_CLOSING or at >= round_.closes_at:
        raise RuleViolation("投票已经截止，或者本轮不在发放票号的阶段。")
    return round_
