"""What a monitor asks every few seconds (/healthz) and a proxy before it passes requests on (/readyz)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import DatabaseError
from django.db.migrations.loader import MigrationLoader

from nanchuan_eval.backups.upgrades import applied_migrations
from nanchuan_eval.clock.queries import last_run
from nanchuan_eval.doctor.queries.machine import disks

OK = "ok"


def readiness() -> dict[str, str]:
    """Return whether the database answers and is of this version (two queries)."""
    try:
        return {"database": OK, "migrations": OK if applied_migrations() == _known() else "differ"}
    except DatabaseError:
        return {"database": "unreachable"}


def health(at: datetime) -> dict[str, str]:
    """Return readiness, whether the scheduled commands run, and whether the disks have room (one query more)."""
    found = readiness()
    if found["database"] != OK:
        return found
    try:
        return found | dict(_rest(at))
    except (DatabaseError, OSError):  # tables of another version, or a folder that is gone
        return found | {"state": "unreadable"}


def _rest(at: datetime) -> Iterator[tuple[str, str]]:
    ran = last_run()
    # A site whose clock never ran is being installed; doctor tells of it.
    is_late = ran is not None and at - ran > timedelta(minutes=settings.CLOCK_ALARM_MINUTES)
    yield "clock", "late" if is_late else OK
    is_full = any(100 * disk.free < settings.DISK_ALARM_PERCENT * disk.whole for disk in disks(with_needs=False))
    yield "disk", "full" if is_full else OK


@cache
def _known() -> set[str]:
    """Return the program's migrations, which cannot change while it runs."""
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
