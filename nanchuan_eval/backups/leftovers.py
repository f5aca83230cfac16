"""What backups and restores that were cut off leave behind (中断留下的): found by doctor, removed by the daily job.

Removed is only what is surely ours and no longer in use: in BACKUP_ROOT after half a day, a database after a night
without anybody connected to it. A restore has its log entry before the exchange of the databases, so the former one
that a power cut leaves is as useless as any scratch database.
"""

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from nanchuan_eval.audit import services as audit
from nanchuan_eval.backups import sql
from nanchuan_eval.backups.database_dump import SCRATCH, run
from nanchuan_eval.backups.services import DATABASE, EVIDENCE, PARTIAL
from nanchuan_eval.permissions import policy

# Longer than any backup or test restore takes.
ABANDONED = timedelta(hours=12)
UNPACKED = frozenset({DATABASE, EVIDENCE.rstrip("/")})
OUR_DATABASE = re.compile(rf"{SCRATCH}[0-9a-f]{{32}}_?")
# The comment that the daily job gives a database which it may remove on a later day.
SEEN = "seen "


def abandoned_files(at: datetime) -> list[Path]:
    """Return the folders and unfinished files of backups and test restores that were cut off."""
    try:
        root = Path(settings.BACKUP_ROOT)
        found = sorted([*(each for each in root.glob("tmp*") if each.is_dir()), *root.glob(f"*.tar.age{PARTIAL}")])
    except OSError:
        return []
    return [path for path in found if at - _touched(path) > ABANDONED]


def remove_leftovers(*, at: datetime) -> str:
    """Remove what is left behind and log it; returns what, in Chinese."""
    files, databases = list(filter(_is_ours, abandoned_files(at))), list(_removable_databases(at))
    for path in files:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name in databases:
        run("dropdb", name)
    names = [path.name for path in files] + databases
    if names:
        with transaction.atomic():
            detail = {"step_label": "清除中断的备份、恢复留下的内容", "names": names}
            audit.record("backup.make", None, by=policy.OPERATOR, at=at, detail=detail)
    return f"清除中断的备份、恢复留下的{len(names)}项。"


def _is_ours(path: Path) -> bool:
    """True of an unfinished file, and of a folder that holds nothing but what backups and restores put there."""
    if path.is_symlink():
        return False
    return path.is_file() or {each.name for each in path.iterdir()} <= UNPACKED


def _touched(path: Path) -> datetime:
    """Return when a file, or anything directly in a folder, was last written."""
    times = [each.stat().st_mtime for each in (path, *(path.iterdir() if path.is_dir() else ()))]
    return datetime.fromtimestamp(max(times), tz=timezone.get_default_timezone())


def _removable_databases(at: datetime) -> Iterator[str]:
    """Yield the idle scratch databases that an earlier day has seen; mark those that are seen for the first time."""
    if connection.vendor != "postgresql":
        return
    today = f"{SEEN}{timezone.localdate(at).isoformat()}"
    for name, comment in sql.idle_databases():
        if not OUR_DATABASE.fullmatch(name):
            continue
        if comment.startswith(SEEN) and comment < today:
            yield name
        elif comment != today:
            sql.comment_on_database(name, today)
