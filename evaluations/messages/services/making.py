"""Codes made and put into letters and messages in one transaction: one for each person, with a code for each section.

The codes exist outside the gateway and the envelope only here, encrypted, until each message is sent.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.codes.services.issuing import BEFORE_CLOSING, issue_lacking
from evaluations.draws.models import DrawEntry
from evaluations.messages.models import Message, MessageEntry
from evaluations.messages.queries import (
    DELIVERED_BY,
    Recipient,
    has_messages,
    lines_to_issue,
    offered_first,
    recipients,
    stopped_hashes,
)
from evaluations.messages.rules.kinds import UNSENT, WITH_CODES, Failure, MessageKind, MessageState, Way
from evaluations.messages.services.gateways import sends_messages
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BATCH_SIZE = 1000
Codes = dict[str, list[str]]


class Made(NamedTuple):
    """What was made; strata whose codes are handed out otherwise, and those with too few drawn people for any."""

    messages: int
    letters: int
    codes: int
    left_out: tuple[str, ...] = ()
    thin: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"已生成{self.codes}个票号，短信{self.messages}条、信函{self.letters}封待发出。"
        if self.left_out:
            said += f"以下类别的票号已另行生成，没有重复生成：{'、'.join(self.left_out)}。"
        return said + _thin_in_words(self.thin)


@sensitive_variables()
@transaction.atomic
def deliver_new(
    *,
    round_id: int,
    site: str,
    by: User,
    at: datetime,
    letters_only: bool = False,
    purposes: Collection[DrawPurpose] = DELIVERED_BY,
) -> Made:
    """Make the codes of all drawn people who have none, and for each person one message, or one letter.

    A letter goes to whoever has no phone or is on the stop list, to all if `letters_only` or without a gateway. All
    or nothing; after a top-up or a removal it reaches those newly drawn only.
    """
    policy.check(by, "cred.print")
    round_ = lock_round(round_id)
    if RoundState(round_.state) not in BEFORE_CLOSING or at >= round_.closes_at:
        raise RuleViolation("票号和通知只能在名录锁定之后、投票截止之前生成。")
    freed = _free_codes(round_)
    people = recipients(round_, purposes)
    if not people:
        raise RuleViolation("抽中人员的通知已经齐全，没有重复生成；尚未抽取的，请先完成抽取。")
    plan = lines_to_issue(round_, people, {stratum: len(codes) for stratum, codes in freed.items()})
    if plan.faults:
        raise RuleViolation(*plan.faults)
    people = _without(people, {*plan.left_out, *plan.thin})
    if not people:
        done = "抽中人员的票号已经另行生成，没有重复生成，请按原来的方式发放。" if plan.left_out else ""
        raise RuleViolation(*filter(None, (done, _thin_in_words(plan.thin))))
    for batch, codes in issue_lacking(round_id=round_.pk, lines=plan.lines, by=by, at=at):
        freed[batch.stratum] += codes
    is_top_up = round_.state == RoundState.OPEN and has_messages(round_)
    made = _queue(round_, people, freed, site=site, kind=_kind(is_top_up), letters_only=letters_only, at=at)
    made = made._replace(left_out=plan.left_out, thin=plan.thin)
    detail = {"step_label": "生成通知", "messages": made.messages, "letters": made.letters, "codes": made.codes}
    audit.record("cred.print", round_, by=by, at=at, detail=detail)
    return made


def _thin_in_words(strata: Collection[str]) -> str:
    if not strata:
        return ""
    return f"以下科室抽中的办事群众过少，不生成绑定票号，由其他评议人员评议：{'、'.join(strata)}。"


def _kind(is_top_up: bool) -> MessageKind:
    return MessageKind.TOP_UP if is_top_up else MessageKind.INVITATION


def _without(people: Iterable[Recipient], strata: Collection[str]) -> list[Recipient]:
    kept = (
        one._replace(entries=tuple(entry for entry in one.entries if entry.stratum not in strata)) for one in people
    )
    return [one for one in kept if one.entries]


@sensitive_variables()
def _queue(  # noqa: PLR0913  one call, which keeps the codes in one place
    round_: Round,
    people: Sequence[Recipient],
    codes: Codes,
    *,
    site: str,
    kind: MessageKind,
    letters_only: bool,
    at: datetime,
) -> Made:
    """Store the messages in random order, so that no number tells in which order their codes were made."""
    names = {section.code: str(section) for section in round_.sections.all()}
    first = offered_first(round_, people)
    stopped = set() if letters_only else stopped_hashes(one.phone for one in people)
    queued: list[tuple[Message, tuple[DrawEntry, ...]]] = []
    for one in secrets.SystemRandom().sample(people, len(people)):
        lines = [_line(entry, names, codes, first) for entry in one.entries]
        is_stopped = bool(one.phone) and keyed_hash(one.phone) in stopped
        message = Message(
            key=uuid4().hex,
            round=round_,
            kind=kind,
            way=_way(one, letters_only, is_stopped),
            client=one.client,
            person=one.person,
            content=json.dumps({"site": site, "lines": lines}, ensure_ascii=False),
            next_at=at,
            failure=Failure.STOP_LIST if is_stopped else "" if one.phone or letters_only else Failure.NO_PHONE,
        )
        queued.append((message, one.entries))
    stored = Message.objects.bulk_create([message for message, _ in queued], batch_size=BATCH_SIZE)
    MessageEntry.objects.bulk_create(
        [MessageEntry(message=m, entry=e) for m, (_, own) in zip(stored, queued, strict=True) for e in own],
        batch_size=BATCH_SIZE,
    )
    letters = sum(message.way == Way.LETTER for message in stored)
    return Made(len(stored) - letters, letters, sum(len(own) for _, own in queued))


def _way(one: Recipient, letters_only: bool, is_stopped: bool) -> Way:
    if letters_only or not sends_messages() or not one.phone or is_stopped:
        return Way.LETTER
    return Way.SMS


@sensitive_variables()
def _line(
    entry: DrawEntry, names: Mapping[str, str], codes: Codes, first: Mapping[int, Sequence[str]]
) -> dict[str, object]:
    """Return one code as a message holds it; the codes of a stratum come in random order."""
    bound = entry.stratum.partition(" ")[0] if entry.client_id else ""
    return {
        "entry": entry.pk,
        "stratum": entry.stratum,
        "section": names.get(bound, entry.stratum) if bound else "",
        "code": codes[entry.stratum].pop(),
        "first": list(first.get(entry.person_id or 0, ())),
    }


@sensitive_variables()
def _free_codes(round_: Round) -> Codes:
    """Take back the codes of people removed before theirs was sent, for those who take their places."""
    freed: Codes = defaultdict(list)
    removed = Message.objects.filter(
        round=round_, kind__in=WITH_CODES, state__in=UNSENT, entries__entry__is_selected=False
    )
    for message in Message.objects.select_for_update().filter(pk__in=removed.values("pk")):
        if message.state == MessageState.SENDING:
            continue  # it may be on its way
        gone = set(message.entries.filter(entry__is_selected=False).values_list("entry", flat=True))
        content = json.loads(message.content)
        for line in content["lines"]:
            if line["entry"] in gone:
                freed[line["stratum"]].append(line["code"])
        content["lines"] = [line for line in content["lines"] if line["entry"] not in gone]
        message.entries.filter(entry__in=gone).delete()
        message.content = json.dumps(content, ensure_ascii=False) if content["lines"] else None
        if not content["lines"]:
            message.state, message.failure, message.next_at = MessageState.STOPPED, Failure.REMOVED, None
        message.save(update_fields=["content", "state", "failure", "next_at"])
    return freed
