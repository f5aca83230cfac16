"""Upload, preview and confirmation (上传、预览、确认) of every list; features register the kinds of lists.

An upload is kept encrypted and saves nothing else; its confirmation calls the kind's own service, which checks the
permission, saves and logs. What is confirmed is what was seen: the fingerprint covers the file, the answers to the
preview's questions and all changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.database.sql import scrub
from nanchuan_eval.encryption.sealed_bytes import decrypt_bytes, encrypt_bytes
from nanchuan_eval.lists.models import ListUpload
from nanchuan_eval.lists.rules.columns import Column
from nanchuan_eval.lists.rules.previews import Preview
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention.services import RetentionRule
from nanchuan_eval.spreadsheets import Row, read_rows
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE, MIB, check_file
from nanchuan_eval.users.models import User

KEPT = timedelta(days=1)
LONGEST_NAME = 200
GONE = "这份文件已经确认、放弃、被新上传的文件取代或已满1日清除；没有再次导入。"
CHANGED = "预览之后，文件、回答或者系统中的数据有变动，没有导入任何内容。请核对新的预览后再确认。"


@dataclass(frozen=True)
class ListKind:
    """A kind of list (清单种类). `subject` = what a list belongs to, such as a round, or ""; part of the address."""

    name: str
    title: str
    # Action of the policy table: whoever may start it may upload and confirm.
    action: str
    columns: Callable[[str], Sequence[Column]]
    # (subject, rows, answers=, by=, at=) -> Preview; raises FileRefused or RuleViolation, may lock what it reads.
    preview: Callable[..., Preview]
    # (subject, rows, answers=, agreed=preview.fingerprint, filename=, by=, at=) -> message, or a proposed Approval
    confirm: Callable[..., object]
    # Address to return to.
    back: Callable[[str], str]
    # Name of the subject for headings; raises Http404 for a subject that does not exist.
    subject_title: Callable[[str], str] = lambda _: ""
    # Why the subject takes no list any more, or "": then no file is kept either.
    closed: Callable[[str], str] = lambda _: ""
    # What the upload page says below the columns.
    notes: tuple[str, ...] = ()
    most_bytes: int = LARGEST_FILE


@dataclass(frozen=True)
class Opened:
    """An upload as its page shows it: the preview, or the faults for which the file is refused."""

    upload: ListUpload
    kind: ListKind
    rows: Sequence[Row]
    preview: Preview | None = None
    faults: Sequence[Fault] = ()

    @property
    def fingerprint(self) -> str:
        """Digest of the file, the answers and everything that the confirmation would do."""
        return _fingerprint(self.upload, self.preview) if self.preview else ""


class Gone(RuleViolation):
    """The upload was confirmed, discarded, replaced or purged, or is another user's."""


_kinds: dict[str, ListKind] = {}


def register(*kinds: ListKind) -> None:
    """Register kinds of lists; apps call it in `ready()`."""
    for kind in kinds:
        _kinds[kind.name] = kind


def find_kind(name: str) -> ListKind | None:
    """Return the registered kind of that name, or None."""
    return _kinds.get(name)


@transaction.atomic
def store_upload(*, kind: ListKind, subject: str, filename: str, content: bytes, by: User, at: datetime) -> ListUpload:
    """Keep a file until it is confirmed; replaces the user's earlier one for the same list."""
    policy.check_may_start(by, kind.action)
    if len(content) > kind.most_bytes:
        raise RuleViolation(f"文件超过{kind.most_bytes // MIB}MB，请核对文件是否正确。")
    if reason := kind.closed(subject):
        raise RuleViolation(reason)
    check_file(content, filename)
    User.objects.select_for_update().get(pk=by.pk)  # two uploads at once: the later one stays
    # A new row has an address of its own: what the page of the earlier file still offers must not meet this one.
    ListUpload.objects.filter(kind=kind.name, subject=subject, by=by).delete()
    return ListUpload.objects.create(
        kind=kind.name,
        subject=subject,
        filename=filename[-LONGEST_NAME:],
        content=encrypt_bytes(content),
        by=by,
        at=at,
    )


def open_upload(*, upload_id: int, by: User, at: datetime) -> Opened:
    """Read an upload of one's own and compare it with what is there; saves nothing."""
    upload, kind = _own(upload_id, by)
    rows, faults = _read(upload)
    with transaction.atomic():  # the comparison may lock what it reads
        return _compared(upload, kind, rows, faults, at)


def confirm_upload(*, upload_id: int, posted: Mapping[str, str], agreed: str, by: User, at: datetime) -> object:
    """Import or propose what the preview with the fingerprint `agreed` showed, then delete the upload.

    Answers other than those of the preview are kept for a new one, and None is returned: nobody confirms what has not
    been shown. `agreed` is "" to only keep the answers.
    """
    seen, _ = _own(upload_id, by)
    rows, faults = _read(seen)  # slow; before anything is locked
    with transaction.atomic():
        upload, kind = _own(upload_id, by, is_locked=True)
        policy.check_starts(by, kind.action)
        if bytes(upload.content) != bytes(seen.content):
            raise RuleViolation(CHANGED)
        opened = _compared(upload, kind, rows, faults, at)
        if opened.preview is None:
            raise RuleViolation(CHANGED)
        if _keep_answers(opened, posted) or not agreed:
            return None
        _refuse_unless_agreed(opened, agreed)
        given = {"answers": upload.answers, "agreed": opened.preview.fingerprint, "filename": upload.filename}
        done = kind.confirm(upload.subject, rows, **given, by=by, at=at)
        upload.delete()
    return done


@transaction.atomic
def discard_upload(*, upload_id: int, by: User, at: datetime) -> str:
    """Delete an upload without importing anything."""
    upload, _ = _own(upload_id, by, is_locked=True)
    upload.delete()
    return f"已放弃“{upload.filename}”，没有导入任何内容。"


def retention_rules() -> list[RetentionRule]:
    """Return the retention period of uploads that nobody confirmed."""
    return [
        RetentionRule(
            "未确认的上传文件",
            "1日",
            lambda at: ListUpload.objects.filter(at__lt=at - KEPT),
            lambda rows: rows.delete(),
            partial(scrub, (ListUpload,)),
        )
    ]


def _own(upload_id: int, by: User, *, is_locked: bool = False) -> tuple[ListUpload, ListKind]:
    """Return an upload of the user and its kind; others' uploads are as if they were not there."""
    uploads = ListUpload.objects.select_for_update(of=("self",)) if is_locked else ListUpload.objects.all()
    upload = uploads.filter(pk=upload_id, by=by).first()
    kind = find_kind(upload.kind) if upload else None
    if upload is None or kind is None:
        raise Gone(GONE)
    policy.check_may_start(by, kind.action)
    return upload, kind


def _read(upload: ListUpload) -> tuple[list[Row], Sequence[Fault]]:
    """Return the file's rows, or why they cannot be read."""
    try:
        return read_rows(decrypt_bytes(bytes(upload.content)), upload.filename), ()
    except RuleViolation as refusal:
        return [], _faults(refusal)


def _compared(upload: ListUpload, kind: ListKind, rows: Sequence[Row], faults: Sequence[Fault], at: datetime) -> Opened:
    if faults:
        return Opened(upload, kind, rows, faults=faults)
    try:
        preview = kind.preview(upload.subject, rows, answers=upload.answers, by=upload.by, at=at)
    except RuleViolation as refusal:
        return Opened(upload, kind, rows, faults=_faults(refusal))
    return Opened(upload, kind, rows, preview)


def _faults(refusal: RuleViolation) -> Sequence[Fault]:
    if isinstance(refusal, FileRefused):
        return refusal.faults
    return [Fault("", reason, reason) for reason in refusal.reasons]


def _keep_answers(opened: Opened, posted: Mapping[str, str]) -> bool:
    """Keep the answers; True if the preview has not been shown with them."""
    upload, preview = opened.upload, opened.preview
    if preview is None or preview.answered(posted) == preview.answered(upload.answers):
        return False
    upload.answers = preview.answered(posted)
    upload.save(update_fields=["answers"])
    return True


def _refuse_unless_agreed(opened: Opened, agreed: str) -> None:
    """Refuse a confirmation of anything else than the preview shown, or of one that nothing follows from."""
    if opened.preview is None or opened.fingerprint != agreed:
        raise RuleViolation(CHANGED)
    if opened.preview.nothing:
        raise RuleViolation(opened.preview.nothing)
    if opened.preview.open_questions(opened.upload.answers):
        raise RuleViolation("请先回答预览中的问题，再确认。")


def _fingerprint(upload: ListUpload, preview: Preview) -> str:
    whole = {
        "list": [upload.kind, upload.subject, upload.filename],
        "file": sha256_hex(decrypt_bytes(bytes(upload.content))),
        "answers": preview.answered(upload.answers),
        "changes": preview.fingerprint,
    }
    return sha256_hex(canonical_json(whole))
