"""Evidence (佐证材料): upload, withdrawal, access to originals, integrity checks."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.db import models, transaction
from django.db.models import Count, Sum

from accountability.cases.permissions import answers_for_cases, is_own, visits_section
from accountability.evidence import rules, storage
from accountability.evidence.models import Evidence
from accountability.evidence.rules import FileKind, file_type, refuse_incomplete, shown_name
from accountability.evidence.services import antivirus
from evaluations.rounds.models import RoundSection
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import archived_until
from nanchuan_eval.core import attempts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.sealed_bytes import Tampered, new_identity
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

ORIGINAL = "insp.original"
MOST_FILES, LARGEST_RECORD = 30, 1024 * rules.MIB
Subject = models.Model


@dataclass(frozen=True)
class Upload:
    """An incoming file; its `id` makes a repeated upload idempotent."""

    name: str
    file: BinaryIO
    size: int
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class AttachmentRule:
    """Rule for the files of one kind of subject: who may add and view them, and until when."""

    field: str
    add_action: Callable[[Any], str]
    see_action: str
    is_open: Callable[[Any], bool]
    section: Callable[[Any], RoundSection]
    visible: Callable[[User], models.QuerySet[Any]]
    page: Callable[[Any], str]
    title: Callable[[Any], str] = str
    is_own: Callable[[User, Any], bool] | None = None
    # Who views the files besides, though the subject is not theirs.
    is_reader: Callable[[User, Any], bool] = lambda _, __: False


ATTACHMENT_RULES: dict[type[Subject], AttachmentRule] = {}


def register(*attachments: Mapping[Any, AttachmentRule]) -> None:
    """Register the features' attachment rules; called when the app is ready."""
    for attachment in attachments:
        ATTACHMENT_RULES.update(attachment)


def rule_named(field: str) -> tuple[type[Subject], AttachmentRule] | None:
    """Look up model and rule by the subject's name in an address."""
    return next(((model, rule) for model, rule in ATTACHMENT_RULES.items() if rule.field == field), None)


def add_evidence(*, subject: Subject, upload: Upload, by: User, at: datetime) -> Evidence:
    """Detect the type of an uploaded file, scan and store it; idempotent by upload id."""
    rule = ATTACHMENT_RULES[type(subject)]
    _check_may_add(by, rule, subject)
    upload.file.seek(0)
    kind = file_type(upload.file.read(rules.HEAD_BYTES), upload.size)
    known = Evidence.objects.filter(pk=upload.id, uploaded_by=by).first()
    if known:
        return known
    scan, key = antivirus.scan(upload.file), new_identity()
    refuse_incomplete(kind, upload.file, upload.size)
    with storage.stored(upload.id, kind.suffix, upload.file, key) as digest, transaction.atomic():
        _check_room(rule, subject, upload.size)
        if kind.kind == FileKind.IMAGE:
            storage.make_copy(upload.id, upload.file, key)
        row = Evidence.objects.create(
            id=upload.id,
            name=shown_name(upload.name),
            kind=kind.kind,
            suffix=kind.suffix,
            size=upload.size,
            sha256=digest,
            file_key=key,
            has_copy=kind.kind == FileKind.IMAGE,
            scan=scan,
            uploaded_by=by,
            uploaded_at=at,
            **{rule.field: subject},
        )
        detail = {"file": digest, "kind": kind.suffix}
        audit.record(rule.add_action(subject), row, by=by, at=at, detail=detail, wrote=[row])
    return row


@transaction.atomic
def drop_evidence(*, evidence_id: uuid.UUID, by: User, at: datetime) -> None:
    """Withdraw one's own file while the record is open; the audit log keeps its hash."""
    row = Evidence.objects.select_for_update(of=("self",)).get(pk=evidence_id)
    subject = row.subject
    rule = ATTACHMENT_RULES[type(subject)]
    if row.uploaded_by_id != by.pk:
        raise policy.Denied(by, rule.add_action(subject))
    _check_may_add(by, rule, subject)
    paths = paths_of(row)
    Evidence.objects.filter(pk=row.pk).delete()
    audit.record(rule.add_action(subject), row, by=by, at=at, detail={"dropped": row.sha256}, wrote=[row])
    transaction.on_commit(partial(storage.remove, paths))


@transaction.atomic
def open_original(*, evidence_id: uuid.UUID, reason: str, by: User, at: datetime) -> tuple[Evidence, Iterator[bytes]]:
    """Return the original's bytes and log the reason; refuse a file that no longer matches its hash.

    Originals from inspections need approval (`insp.original`); the reason logged is then the proposal's.
    """
    row = Evidence.objects.servable().get(pk=evidence_id)
    action = original_action(row)
    if not may_see(by, row):
        raise policy.Denied(by, action)
    authorization = authorizations.require(ORIGINAL, row, by=by, at=at) if action == "insp.original" else None
    reason = authorization.reason if authorization else reason.strip()
    attempts.record_attempt(by, action)
    if not reason:
        raise RuleViolation("请填写查看原件的理由。")
    path = storage.original_path(row.pk, row.suffix)
    if storage.digest_of(path, row.file_key) != row.sha256:
        raise RuleViolation("原件与上传时的校验值不符，可能已被调换。请告知纪委监委和系统管理员。")
    approval = {"approval": authorization.pk} if authorization else {}
    audit.record(action, row, by=by, at=at, reason=reason, detail={"original": row.sha256, **approval})
    return row, storage.read(path, row.file_key)


def original_action(row: Evidence) -> str:
    """Action checked when the original is opened; only inspection evidence has one of its own."""
    return ORIGINAL if row.inspection_id else see_action(row)


def paths_of(row: Evidence) -> list[Path]:
    """Paths of the original and of its viewing copy."""
    return [storage.original_path(row.pk, row.suffix), storage.copy_path(row.pk)]


def see_action(row: Evidence) -> str:
    """Action checked when the file is viewed."""
    return ATTACHMENT_RULES[type(row.subject)].see_action


def may_see(by: User, row: Evidence) -> bool:
    """True if the account may view the record to which the file belongs."""
    subject = row.subject
    rule = ATTACHMENT_RULES[type(subject)]
    own = _is_own(by, rule, subject) or rule.is_reader(by, subject)
    return policy.may_see(by, rule.see_action, own=own)


def may_add(by: User, subject: Subject) -> bool:
    """True if the account may add files to the subject now."""
    rule = ATTACHMENT_RULES[type(subject)]
    return rule.is_open(subject) and _may_write(by, rule, subject)


def evidence_faults() -> Iterator[str]:
    """Yield a fault for every file whose hash is not the one logged at its upload (log.verify)."""
    uploads = AuditEntry.objects.performed().filter(object_type=Evidence._meta.label, detail__has_key="file")
    logged = {entry.object_id: entry.detail["file"] for entry in uploads.iterator(chunk_size=2000)}
    in_archives = archived_until()
    for row in Evidence.objects.all():
        known = logged.get(str(row.pk))
        if known is None and in_archives and row.uploaded_at <= in_archives:
            continue  # its entry is archived: `verify_audit --archive` checks it
        if known != row.sha256:
            yield f"佐证材料{row.pk}的校验值与上传时记入操作日志的不符，内容已被改动。"


def file_faults() -> Iterator[str]:
    """Yield a fault for every stored original that is missing or changed; reads all files."""
    for row in Evidence.objects.held().iterator():
        try:
            digest = storage.digest_of(paths_of(row)[0], row.file_key)
        except Tampered as fault:
            yield f"佐证材料{row.pk}：{fault}"
            continue
        if digest != row.sha256:
            yield f"佐证材料{row.pk}的原件与上传时的校验值不符，原件已被调换。"


def check_writes(by: User, subject: Subject) -> None:
    """Raise `Denied` unless the account may add files to such a subject at all."""
    rule = ATTACHMENT_RULES[type(subject)]
    if not _may_write(by, rule, subject):
        raise policy.Denied(by, rule.add_action(subject))


def _check_may_add(by: User, rule: AttachmentRule, subject: Subject) -> None:
    check_writes(by, subject)
    attempts.record_attempt(by, rule.add_action(subject))
    if not rule.is_open(subject):
        raise RuleViolation("记录已提交或者已办结，不能增加、撤回文件。")


def _may_write(by: User, rule: AttachmentRule, subject: Subject) -> bool:
    action, own = rule.add_action(subject), _is_own(by, rule, subject)
    return policy.may(by, action, own=own) or policy.may_propose(by, action, own=own)


def _is_own(by: User, rule: AttachmentRule, subject: Subject) -> bool:
    if rule.is_own is not None:
        return rule.is_own(by, subject)
    section = rule.section(subject)
    return is_own(by, section) or answers_for_cases(by) or visits_section(by, section)


def _check_room(rule: AttachmentRule, subject: Subject, size: int) -> None:
    """Count under the subject's lock, so that concurrent uploads cannot both take the last place."""
    rows: models.Manager[Any] = type(subject)._default_manager
    rows.select_for_update(no_key=True).get(pk=subject.pk)
    used = Evidence.objects.filter(**{rule.field: subject}).aggregate(files=Count("pk"), bytes=Sum("size"))
    rules.refuse_too_many(used["files"], used["bytes"] or 0, size, most=MOST_FILES, largest=LARGEST_RECORD)


ACTIONS = (
    authorizations.authorizing_action(
        ORIGINAL,
        "查看暗访原件",
        Evidence,
        lambda row, asked: {
            "文件": f"{row.get_kind_display()} {row.name}",
            "暗访": str(row.inspection),
            "原件校验值": row.sha256,
            "理由": asked["reason"],
        },
    ),
)
