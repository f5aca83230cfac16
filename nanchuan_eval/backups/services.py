"""Backup and restore (备份、恢复): the database and all evidence in one encrypted file.

A file is an age-encrypted tar; the key, the newest of FIELD_KEY, is not in it. It holds manifest.json (version, row
count of every table, SHA-256 of every evidence file), the database, and the evidence as stored. Restoring onto a
database with data needs an approved proposal (SYS proposes, the chief approves). A backup is restored by the version
that wrote it.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditHead
from nanchuan_eval.backups import database_dump, upgrades
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.clock.queries import in_words
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.identities import field_identities
from nanchuan_eval.encryption.sealed_bytes import CHUNK, Tampered, decrypted, encrypt_stream, piped
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

MANIFEST, DATABASE, EVIDENCE = "manifest.json", "database", "evidence/"
RESTORE_NAME = "backup.restore"
# How the file ends while it is being written.
PARTIAL = ".part"
FIRST_VERSION = "0.1.0"  # its manifests do not name it
NOT_WHOLE = "备份文件不完整或被改动过，或者 FIELD_KEY 不是当时的密钥。"


# What a backup made now holds of a box that is not open yet, in Chinese, or ""; filled by `AppConfig.ready`.
box_notes: list[Callable[[], str]] = []


def box_note() -> str:
    """Return what a backup made now holds of a box that is not open yet, and what follows; "" at other times."""
    return "".join(note() for note in box_notes)


def make_backup(*, by: policy.Actor, at: datetime, is_during_vote: bool = False) -> tuple[Backup, Path]:
    """Write a backup into BACKUP_ROOT; one made during a vote is marked: it must be destroyed after the sealing."""
    policy.check(by, "backup.make")
    folder = Path(settings.BACKUP_ROOT)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"backup-{timezone.localtime(at):%Y%m%d-%H%M%S}{'-voting' if is_during_vote else ''}.tar.age"
    partial = target.with_name(f"{target.name}{PARTIAL}")
    head = AuditHead.current()
    try:
        with TemporaryDirectory(dir=folder) as scratch:
            database = Path(scratch) / DATABASE
            tables = database_dump.dump(database)
            facts = {"version": settings.VERSION, "made_at": at.isoformat()}
            manifest = {**facts, "tables": tables, "files": dict(_evidence_hashes())}
            _write(partial, database, json.dumps(manifest, sort_keys=True).encode())
        digest = sha256_of(partial)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.rename(target)
    with transaction.atomic():
        row = Backup.objects.create(
            name=target.name,
            sha256=digest,
            size=target.stat().st_size,
            made_at=at,
            seq=head.seq,
            head=head.hash,
            is_during_vote=is_during_vote,
        )
        audit.record("backup.make", row, by=by, at=at, detail={"sha256": digest, "head": head.seq}, wrote=[row])
    return row, target


class Contents(NamedTuple):
    """Rows and evidence files of a backup, and the version that wrote it."""

    rows: int
    files: int
    version: str


def verify_backup(source: Path) -> Contents:
    """Read a backup back into a scratch folder; returns what it contains, or refuses an incomplete one."""
    with TemporaryDirectory(dir=source.parent) as scratch:
        manifest = unpack(source, Path(scratch), keep=False)
        refuse_other_counts(manifest, database_dump.counts_in(Path(scratch) / DATABASE))
    return contents_of(manifest)


def restore_backup(source: Path, *, at: datetime) -> Contents:
    """Replace database and evidence by a backup: approved for this very file, or onto an empty database.

    The approval goes with the database that is replaced; until then nothing has changed, and it stays. The restored
    database has its log entry before it takes the place, so that a power cut leaves none without.
    """
    database_dump.refuse_unready()
    authorization = _authorization(source, at)
    with TemporaryDirectory(dir=source.parent) as scratch:
        manifest = unpack(source, Path(scratch), keep=True)
        refuse_other_version(manifest, database_dump.migrations_in(Path(scratch) / DATABASE))
        with database_dump.beside(Path(scratch) / DATABASE) as name:
            refuse_other_counts(manifest, database_dump.counts_of(name))
            _put_back(Path(scratch) / EVIDENCE)
            with database_dump.connected_to(name):
                _record_restore(source, authorization, at)
            database_dump.put_in_place(name)
    return contents_of(manifest)


@transaction.atomic
def _record_restore(source: Path, authorization: str, at: datetime) -> None:
    detail = {"file": source.name, "sha256": sha256_of(source), "approval": authorization or "空库恢复"}
    audit.record(RESTORE_NAME, None, by=policy.OPERATOR, at=at, detail=detail)
    audit.anchor(at=at, occasion="恢复备份")


def contents_of(manifest: dict[str, Any]) -> Contents:
    return Contents(sum(manifest["tables"].values()), len(manifest["files"]), manifest.get("version", FIRST_VERSION))


def _authorization(source: Path, at: datetime) -> str:
    """Return the description of the approval for this file, or refuse; an empty database needs none."""
    if "nanchuan_eval_user" not in database_dump.counts() or not User.objects.exists():
        return ""
    row = Backup.objects.filter(sha256=sha256_of(source)).first()
    if row is None:
        raise RuleViolation("备份登记中没有这个文件的校验值，不能恢复到有数据的系统；空库可以直接恢复。")
    authorization = authorizations.authorization_of(RESTORE_NAME, row, by=None, at=at)
    if authorization is None and settings.TWO_PERSON_RULE:
        raise RuleViolation("恢复须由系统管理员在备份页提请，评议办负责人审批后方可办理。")
    return _description(authorization) if authorization else ""


def _description(authorization: Approval) -> str:
    decided_by = authorization.decided_by.username if authorization.decided_by else ""
    return f"第{authorization.pk}号审批，{authorization.proposed_by.username}提请，{decided_by}同意"


def _evidence_hashes() -> Iterator[tuple[str, str]]:
    root = Path(settings.EVIDENCE_ROOT)
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".part":
            yield str(path.relative_to(root)), sha256_of(path)


def _write(target: Path, database: Path, manifest: bytes) -> None:
    """Pack and encrypt in one stream, so that the plain tar is never on disk."""

    def pack(sink: BinaryIO) -> None:
        with tarfile.open(mode="w|", fileobj=sink) as archive:
            about = tarfile.TarInfo(MANIFEST)
            about.size = len(manifest)
            archive.addfile(about, io.BytesIO(manifest))
            archive.add(database, DATABASE)
            for name in json.loads(manifest)["files"]:
                archive.add(Path(settings.EVIDENCE_ROOT) / name, EVIDENCE + name)

    with target.open("wb") as sink, piped(pack) as plain:
        encrypt_stream(plain, sink, field_identities()[0])
        sink.flush()
        os.fsync(sink.fileno())


def unpack(source: Path, scratch: Path, *, keep: bool) -> dict[str, Any]:
    """Unpack a backup into a folder and compare every file with the manifest; `keep` = write the evidence too."""
    manifest: dict[str, Any] = {}
    seen: dict[str, str] = {}
    try:
        with (
            source.open("rb") as encrypted,
            decrypted(encrypted, field_identities()) as plain,
            tarfile.open(mode="r|", fileobj=plain) as archive,
        ):
            for member in archive:
                content = archive.extractfile(member)
                if content is None:
                    raise RuleViolation(NOT_WHOLE)
                if member.name == MANIFEST:
                    manifest = _manifest(content.read())
                elif member.name == DATABASE:
                    _copy(content, scratch / DATABASE)
                else:
                    name = member.name.removeprefix(EVIDENCE)
                    seen[name] = _copy(content, _inside(scratch / EVIDENCE, name) if keep else Path(os.devnull))
    except (tarfile.TarError, ValueError, EOFError, RecursionError, Tampered):
        raise RuleViolation(NOT_WHOLE) from None
    if not manifest or not (scratch / DATABASE).is_file() or seen != manifest["files"]:
        raise RuleViolation("备份中的证据文件与清单不一致。")
    return manifest


def _manifest(data: bytes) -> dict[str, Any]:
    """Return the manifest of a backup; raises ValueError for anything else."""
    manifest = json.loads(data)
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), dict) for key in ("tables", "files")):
        raise ValueError("no manifest of a backup")
    return manifest


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise RuleViolation(NOT_WHOLE)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _copy(content: Any, target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as sink:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            sink.write(chunk)
    return digest.hexdigest()


def _put_back(restored: Path) -> None:
    for path in restored.rglob("*"):
        if path.is_file():
            target = Path(settings.EVIDENCE_ROOT) / path.relative_to(restored)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("rb") as source:
                _copy(source, target)


def refuse_other_counts(manifest: dict[str, Any], found: database_dump.Counts) -> None:
    wrong = [table for table, rows in manifest["tables"].items() if found.get(table) != rows]
    if wrong:
        raise RuleViolation(f"恢复出的数据与清单不一致：{'、'.join(wrong[:5])}。")


def refuse_other_version(manifest: dict[str, Any], migrations: set[str]) -> None:
    found = upgrades.difference(migrations)
    if found.missing or found.unknown:
        version = contents_of(manifest).version
        raise RuleViolation(
            f"这份备份由{version}版写入，数据库结构与当前程序不同（{found}），没有恢复。"
            f"请用{version}版的程序恢复到空库，再按 docs/operations.md 升级。"
        )


def sha256_of(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _content(row: Backup, arguments: Mapping[str, Any]) -> dict[str, object]:
    return {
        "备份文件": row.name,
        "校验值": row.sha256,
        "备份时间": in_words(row.made_at),
        "备份时的日志编号": f"第{row.seq}条，其后的全部业务和日志将被取代",
        "理由": arguments["reason"],
    }


RESTORE = replace(authorizations.authorizing_action(RESTORE_NAME, "恢复备份", Backup, _content), always_asks=True)
