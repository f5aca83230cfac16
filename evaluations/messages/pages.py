"""Data of the page about letters and messages (发送情况): figures by kind and state, never a name, phone or code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.messages.models import StopNumber
from evaluations.messages.queries import (
    SendingLine,
    entries_without_code,
    failures,
    sending_lines,
    waiting_letters,
)
from evaluations.messages.rules import texts
from evaluations.messages.rules.kinds import MessageKind, MessageState
from evaluations.messages.services.gateways import sends_messages
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

SAMPLE_CODE = "X" * 20


@dataclass(frozen=True)
class SendingPage:
    """Data of the page; `due` = drawn places without a code by draw, `minutes` = how long the queue takes."""

    states: list[str]
    lines: list[tuple[SendingLine, list[int]]]
    failures: Mapping[str, int]
    due: list[tuple[str, int]]
    letters: int
    letters_at_once: int
    queued: int
    minutes: int
    has_failed: bool
    is_reminded: bool
    has_gateway: bool
    stopped: int
    may_act: bool
    may_remind: bool
    sample: str
    sample_parts: int


def sending_page(round_: Round, user: User, at: datetime, site: str) -> SendingPage:
    """Read the data of the page in a fixed number of queries."""
    lines = sending_lines(round_)
    counts = {state: sum(line.counts.get(state, 0) for line in lines) for state in MessageState.values}
    letters = waiting_letters(round_).count()
    queued = counts[MessageState.QUEUED] + counts[MessageState.SENDING] - letters
    is_voting = round_.state == RoundState.OPEN and at < round_.closes_at
    may_act = round_.state in BEFORE_CLOSING and at < round_.closes_at and policy.may(user, "cred.print")
    is_reminded = any(line.kind == MessageKind.REMINDER.label for line in lines)
    sample = _sample(round_, site)
    return SendingPage(
        states=list(MessageState.labels),
        lines=[(line, [line.counts.get(state, 0) for state in MessageState.values]) for line in lines],
        failures=failures(round_),
        due=_due(round_),
        letters=letters,
        letters_at_once=settings.LETTER_PART,
        queued=queued,
        minutes=-(-queued // settings.MESSAGE_RATE),
        has_failed=counts[MessageState.FAILED] > 0,
        is_reminded=is_reminded,
        has_gateway=sends_messages(),
        stopped=StopNumber.objects.count(),
        may_act=may_act,
        may_remind=may_act and is_voting and sends_messages() and not is_reminded,
        sample=sample,
        sample_parts=texts.parts(sample),
    )


def _due(round_: Round) -> list[tuple[str, int]]:
    found = [
        (DrawPurpose(purpose).label, entries_without_code(round_, [purpose]).count())
        for purpose in (DrawPurpose.CLIENTS, DrawPurpose.EVALUATORS)
    ]
    return [(label, number) for label, number in found if number]


def _sample(round_: Round, site: str) -> str:
    """Return a message as it will read, for a section of the round, to show how many short messages it costs."""
    section = round_.sections.order_by("code").first()
    line = texts.CodeLine(str(section) if section else "某单位某科室", SAMPLE_CODE)
    closes = f"{timezone.localtime(round_.closes_at):%m月%d日%H:%M}"
    return texts.invitation(sign=settings.MESSAGE_SIGN, name="张三", site=site, closes=closes, lines=[line])
