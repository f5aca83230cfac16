"""Data of the page about letters and messages (发送情况): figures by kind and state, never a name, phone or code."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.messages.models import StopNumber
from evaluations.messages.queries import (
    DELIVERED_BY,
    SendingLine,
    entries_without_code,
    failed_to_retry,
    failures,
    freed_codes,
    issue_plan,
    people_reached,
    people_reminded,
    sending_lines,
    waiting_letters,
)
from evaluations.messages.rules import texts
from evaluations.messages.rules.kinds import GIVEN, MessageState, Way
from evaluations.messages.services.gateways import sends_messages
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.rules.rhythm import recently
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

SAMPLE_CODE = "X" * 20


@dataclass(frozen=True)
class SendingPage:
    """Data of the page; `due` = drawn places that get a code now by draw, `without` = who does not and why.

    `minutes` = how long the queue takes, `to_remind` = how many people the next reminder would go to.
    """

    states: list[str]
    lines: list[tuple[SendingLine, list[tuple[str, int]]]]
    failures: Mapping[str, int]
    due: list[tuple[str, int]]
    without: tuple[str, ...]
    letters: int
    letters_at_once: int
    queued: int
    minutes: int
    keep_hours: int
    has_failed: bool
    has_gateway: bool
    stopped: int
    may_act: bool
    to_remind: int
    sample: str
    sample_parts: int


def sending_page(round_: Round, user: User, at: datetime, site: str) -> SendingPage:
    """Read the data of the page in a fixed number of queries."""
    lines = sending_lines(round_)
    letters = waiting_letters(round_).count()
    may_act = round_.state in BEFORE_CLOSING and at < round_.closes_at and policy.may(user, "cred.print")
    by_sms = [line.counts for line in lines if line.way == Way.SMS.label]
    queued = sum(each.get(state, 0) for each in by_sms for state in (MessageState.QUEUED, MessageState.SENDING))
    has_sent = any(each.get(state, 0) for each in by_sms for state in GIVEN)
    due, without = _due(round_) if may_act else ([], ())
    may_remind = may_act and round_.accepts(at) and sends_messages() and has_sent and not queued
    sample = _sample(round_, site)
    return SendingPage(
        states=list(MessageState.labels),
        lines=[(line, [(state.label, line.counts.get(state, 0)) for state in MessageState]) for line in lines],
        failures=failures(round_),
        due=due,
        without=without,
        letters=letters,
        letters_at_once=settings.LETTER_PART,
        queued=queued,
        minutes=-(-queued // settings.MESSAGE_RATE),
        keep_hours=settings.MESSAGE_KEEP_HOURS,
        has_failed=may_act and failed_to_retry(round_).exists(),
        has_gateway=sends_messages(),
        stopped=StopNumber.objects.count(),
        may_act=may_act,
        to_remind=len(people_reached(round_) - people_reminded(round_)) if may_remind else 0,
        sample=sample,
        sample_parts=texts.parts(sample),
    )


def _due(round_: Round) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
    entries = list(entries_without_code(round_))
    if not entries:
        return [], ()
    plan = issue_plan(round_, entries, freed_codes(round_))
    due = Counter(
        DrawPurpose.CLIENTS if entry.client_id else DrawPurpose.EVALUATORS
        for entry in entries
        if entry.pk in plan.entries
    )
    return [(purpose.label, due[purpose]) for purpose in DELIVERED_BY if due[purpose]], plan.without


def _sample(round_: Round, site: str) -> str:
    """Return a message as it will read, for a section of the round, to show how many short messages it costs."""
    section = round_.sections.order_by("code").first()
    line = texts.CodeLine(str(section) if section else "某单位某科室", SAMPLE_CODE)
    closes = f"{timezone.localtime(round_.closes_at):%-m月%-d日%H:%M}"
    return texts.invitation(
        sign=profile_of(round_).sign,
        name="张三",
        site=site,
        closes=closes,
        lines=[line],
        recently=recently(round_.rulebook),
    )
