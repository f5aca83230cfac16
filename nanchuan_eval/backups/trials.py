"""Test restore (试恢复): the newest backup, read back into a scratch database and rechecked there; nothing is migrated.

The result is a row of the audit log: doctor and the work list of 系统管理员 read it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.backups import database_dump, upgrades
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.backups.services import DATABASE, Contents, contents_of, refuse_other_counts, sha256_of, unpack
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

TESTED = "backup.tested"
log = logging.getLogger(__name__)
# What is rechecked in a restored copy beside the audit log: (what, faults in Chinese); filled by `AppConfig.ready`.
rechecks: list[Callable[[], Iterable[tuple[str, list[str]]]]] = []


@dataclass(frozen=True)
class Trial:
    """A test restore: of which backup, what it contains, what was rechecked, and every fault in Chinese."""

    backup: Backup
    contents: Contents | None
    checked: tuple[str, ...]
    faults: tuple[str, ...]
    # The file was not there: nothing was tried, so nothing is said of the backup.
    is_missing: bool = False


def newest_backup() -> Backup:
    """Return the newest backup of the register; refused while there is none."""
    newest = Backup.objects.order_by("-made_at").first()
    if newest is None:
        raise RuleViolation("还没有备份，无从试恢复。请先运行 manage.py backup。")
    return newest


def registered(source: Path) -> Backup:
    """Return the register's row of a backup file; refused for another file."""
    row = Backup.objects.filter(sha256=sha256_of(source)).first()
    if row is None:
        raise RuleViolation("备份登记中没有这个文件的校验值。别处的备份请用 restore 文件 --verify 核对。")
    return row


def try_restore(*, backup: Backup, source: Path | None = None, by: policy.Actor, at: datetime) -> Trial:
    """Restore a backup into a scratch database, recheck it there, drop it, and log the result."""
    policy.check(by, "backup.make")
    file = source or Path(settings.BACKUP_ROOT) / backup.name
    try:
        found = _tried(backup, file)
    except RuleViolation as refusal:
        found = Trial(backup, None, (), tuple(refusal.reasons))
    except FileNotFoundError:
        text = f"“{file}”不在这里，没有试恢复，能否恢复不知道。"
        text += "已移到别处的，请放回原处，或者写明文件：test_restore 文件"
        found = Trial(backup, None, (), (text,), is_missing=True)
    except OSError:
        text = f"读不到“{file}”，或者备份目录不能写入、空间不足"
        found = Trial(backup, None, (), (text,))
    except Exception as fault:  # whatever it is, the result must be logged
        log.exception("test restore")
        found = Trial(backup, None, (), (f"程序出错（{type(fault).__name__}），详见服务器日志",))
    _record(found, by, at)
    return found


def newest_trial() -> AuditEntry | None:
    """Return the log entry of the newest test restore (one query)."""
    return AuditEntry.objects.filter(action=TESTED).order_by("-seq").first()


def _tried(backup: Backup, file: Path) -> Trial:
    if sha256_of(file) != backup.sha256:
        raise RuleViolation(f"“{file.name}”与备份登记的校验值不符，文件不完整或者被改动过")
    with TemporaryDirectory(dir=file.parent) as scratch:
        manifest = unpack(file, Path(scratch), keep=False)
        with database_dump.restored(Path(scratch) / DATABASE):
            refuse_other_counts(manifest, database_dump.counts())
            contents = contents_of(manifest)
            results = [(what, list(faults)) for what, faults in _rechecked(backup, contents)]
    faults = tuple(f"{what}：{fault}" for what, found in results for fault in found)
    return Trial(backup, contents, tuple(what for what, _ in results), faults)


def _rechecked(backup: Backup, contents: Contents) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield what is rechecked in the restored copy, and its faults."""
    difference = upgrades.difference(upgrades.applied_migrations())
    if any(difference):
        text = f"由{contents.version}版写入，与当前程序不同（{difference}），无从核对。请用当前版本重新备份后再试"
        yield "版本", [text]
        return
    yield "版本", []
    yield "操作日志", [*_missing_head(backup), *verify_chain(is_thorough=True)]
    for recheck in rechecks:
        yield from recheck()


def _missing_head(backup: Backup) -> Iterator[str]:
    """Yield that the copy's log does not hold the entry that the register names as its last."""
    if backup.seq and not AuditEntry.objects.filter(seq=backup.seq, hash=backup.head).exists():
        yield f"没有备份登记所记的第{backup.seq}条操作日志"


@transaction.atomic
def _record(trial: Trial, by: policy.Actor, at: datetime) -> None:
    detail: dict[str, object] = {"file": trial.backup.name, "checked": list(trial.checked)}
    if trial.faults:
        reason = audit.SECRETS.sub("…", "；".join(trial.faults))[:300]
        detail |= {"faults": len(trial.faults), **({"missing": True} if trial.is_missing else {})}
        audit.record_finding(TESTED, trial.backup, by=by, at=at, reason=reason, detail=detail)
        return
    rows = {"rows": trial.contents.rows, "files": trial.contents.files} if trial.contents else {}
    audit.record(TESTED, trial.backup, by=by, at=at, detail={**detail, **rows})
