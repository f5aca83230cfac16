"""Correction of a wrong name or phone in a service record (办件更正): a newer version in a batch of its own.

The wrong record stays as it came, marked, so that the chain can be recomputed. Nothing is corrected that a committed
draw of a round under way has used: everybody's chance stands in its proof.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from departments.models import Department
from evaluations.draws.models import DrawEntry
from evaluations.personal_data.services.clients import ENDED
from evaluations.pools.queries import reference_data
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawStatus
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import chain_ends
from evaluations.service_records.rules.chain import Link, day_digest, next_head, record_leaf
from evaluations.service_records.rules.conflicts import Conflicts
from evaluations.service_records.rules.parsing import Line, person_key
from evaluations.service_records.services.clients import Clients
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import decrypt, encrypt, mask_phone
from nanchuan_eval.lists.rules import values
from nanchuan_eval.names.rules.keys import tidy, unprintable
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

CORRECT = "privacy.correct_record"
LABEL = "办件更正"
LONGEST_NAME = Client._meta.get_field("name").max_length or 0
GONE = "这件办件中的办事人已经清除，不需要更正。"
USED = (
    "这件办件的办事人已在“{round}”的抽取名单中，抽取承诺公布以后不能更正；不能参加的，请在抽取页办理移除递补。"
    "本轮结束后可以更正。"
)


def record_to_correct(unit: Department, number: str) -> ServiceRecord:
    """Return the standing record of this number."""
    found = ServiceRecord.objects.standing().filter(unit_id=unit.pk, number=tidy(number)).first()
    if found is None:
        raise RuleViolation(f"{unit.name}没有编号为“{number}”的办件，请核对。")
    return found


def checked_changes(record: ServiceRecord, *, name: str, phone: str, has_no_phone: bool = False) -> dict[str, str]:
    """Return what is to be corrected; raises `RuleViolation` for what cannot be: an empty text leaves it as it is."""
    client = _client_of(record)
    name = tidy(name)
    digits = values.phone(phone)
    if phone.strip() and not digits:
        raise RuleViolation("手机号有误，请填写11位手机号；没有手机号的，请勾选“没有手机号”。")
    if digits and has_no_phone:
        raise RuleViolation("填写了手机号，又勾选了“没有手机号”，请只留一项。")
    if len(name) > LONGEST_NAME or unprintable(name):
        raise RuleViolation(f"姓名超过{LONGEST_NAME}字，或者有造字区的字，请核对。")
    changes = {"name": name} if name and person_key(name) != person_key(client.name) else {}
    if has_no_phone or digits:
        changes |= {"phone": digits} if digits != str(client.phone or "") else {}
    if not changes:
        raise RuleViolation("没有改动：姓名、手机号与现有的相同。")
    return changes


@transaction.atomic
def correct_record(*, record_id: int, changes: Mapping[str, str], reason: str, by: User, at: datetime) -> ServiceRecord:
    """Put a newer version in the place of a record, in a correction batch of its unit's chain."""
    policy.check(by, "privacy.handle")
    record = ServiceRecord.objects.select_related("client", "section", "unit").get(pk=record_id)
    # A draw is committed under the round's lock, a delivery under the unit's; in this order, nobody waits for ever.
    period = Round.objects.filter(period_start__lte=record.finished_on, period_end__gte=record.finished_on)
    list(period.select_for_update(no_key=True).order_by("pk"))
    Department.objects.select_for_update(no_key=True).get(pk=record.unit_id)
    record.refresh_from_db()
    refuse_correction(record)
    newer = _newer_version(record, changes, by=by, at=at)
    detail = {
        "step_label": LABEL,
        "fields": sorted(changes),
        "batch": newer.batch.seq,
        "fixed": fixed_digests(("record_chain", record.unit.code)),
    }
    audit.record("privacy.handle", newer, by=by, at=at, reason=reason, detail=detail)
    return newer


def refuse_correction(record: ServiceRecord) -> None:
    """Refuse what cannot be corrected whatever the change is."""
    if record.is_corrected:
        raise RuleViolation("这件办件已经更正过，请按编号重新打开，更正现在的内容。")
    client = _client_of(record)
    entries = DrawEntry.objects.filter(client=client, stratum__startswith=f"{record.section.code} ")
    entries = entries.exclude(draw__status=DrawStatus.ABANDONED).exclude(draw__round__state__in=ENDED)
    day = record.finished_on
    used = entries.filter(draw__round__period_start__lte=day, draw__round__period_end__gte=day)
    if entry := used.select_related("draw__round").first():
        raise RuleViolation(USED.format(round=entry.draw.round.name))


def _client_of(record: ServiceRecord) -> Client:
    if record.client is None or not record.client.name:
        raise RuleViolation(GONE)
    return record.client


def _newer_version(record: ServiceRecord, changes: Mapping[str, str], *, by: User, at: datetime) -> ServiceRecord:
    client, (seq, head) = _client_of(record), chain_ends([record.unit])[record.unit_id]
    line = Line(
        *("", record.number, record.section.code, record.topic, record.finished_on),
        *(client.name, str(client.phone or ""), client.kind, client.unit, ""),
    )
    line = line._replace(name=changes.get("name", line.name), phone=changes.get("phone", line.phone))
    salt = secrets.token_hex(32)
    day = record.finished_on.isoformat()
    leaf = record_leaf(salt, line.number, line.section, day, line.topic, person_key(line.name), line.phone)
    link = Link(seq + 1, record.finished_on, 1, day_digest(salt, [leaf]), "", is_correction=True)
    link = link._replace(head=next_head(head, record.unit.code, link))
    batch = RecordBatch.objects.create(unit=record.unit, salt=salt, received_at=at, by=by, **link._asdict())
    people = Clients(Conflicts(reference_data()))
    (person,) = people.of([line])
    if client.exclusion:
        # Why somebody stays out of the draw, a declared relative among others, is no part of the line.
        kept = {"exclusion": client.exclusion, "exclusion_note": client.exclusion_note}
        Client.objects.filter(pk=person, exclusion="").update(**kept)
    ServiceRecord.objects.filter(pk=record.pk).update(is_corrected=True)
    return ServiceRecord.objects.create(
        number=record.number,
        unit=record.unit,
        section=record.section,
        topic=record.topic,
        finished_on=record.finished_on,
        client_id=person,
        batch=batch,
        version=record.version + 1,
    )


def packed(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the changes for storage in a proposal: encrypted."""
    return {key: encrypt(value) if value else "" for key, value in changes.items()}


def _unpacked(asked: Arguments) -> dict[str, str]:
    return {key: decrypt(value) if value else "" for key, value in asked["changes"].items()}


def _content(record: ServiceRecord, asked: Arguments) -> dict[str, object]:
    changes, client = _unpacked(asked), record.client
    content: dict[str, object] = {
        "单位": record.unit.name,
        "办件编号": record.number,
        "科室": str(record.section),
        "办结日期": in_chinese(record.finished_on),
        "办事人": f"{client.name if client else '（已清除）'}，手机号{client.masked_phone if client else ''}",
    }
    if "name" in changes:
        content["更正姓名"] = changes["name"]
    if "phone" in changes:
        content["更正手机号"] = mask_phone(changes["phone"]) or "没有手机号（不参加抽取）"
    return {**content, "理由": asked["reason"]}


def _perform(record: ServiceRecord, asked: Arguments, *, by: User, at: datetime) -> ServiceRecord:
    return correct_record(record_id=record.pk, changes=_unpacked(asked), reason=asked["reason"], by=by, at=at)


CORRECT_RECORD = ApprovableAction(
    CORRECT,
    permission="privacy.handle",
    label=LABEL,
    model=ServiceRecord,
    content=_content,
    perform=_perform,
    closed=refuse_correction,
    names=lambda record, _: f"{record.unit.name}办件{record.number}",
    follows=lambda _: "更正后的办件代替原办件，原办件标明“已更正”并保留；更正批次计入公开的累计校验，以后不能撤回",
)
