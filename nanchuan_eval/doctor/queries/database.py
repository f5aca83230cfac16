"""Reading the settings of the database's server, and what this machine has to back it up with."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.core.checks import Tags
from django.db import DEFAULT_DB_ALIAS, Error, connection

from nanchuan_eval.backups.database_dump import SCRATCH
from nanchuan_eval.database.replica import REPLICA
from nanchuan_eval.database.sql import log_position, replayed_position
from nanchuan_eval.doctor import sql
from nanchuan_eval.doctor.rules.database import READ, Database, database_lines, replica_line
from nanchuan_eval.installation.queries import OURS, TOLD
from nanchuan_eval.installation.rules import Level, Line

# Told by lines of our own, which look at more settings.
OWN = frozenset({"nanchuan.W004"})
LISTS_OF_MODULES = ("shared_preload_libraries", "session_preload_libraries", "local_preload_libraries")


def server_lines() -> Iterator[Line]:
    """Yield the server's settings (PostgreSQL), and what the system checks of the database say."""
    if connection.vendor == "postgresql":
        found = Database(
            settings=sql.settings_in_force(READ),
            changeable=tuple(sql.changeable_log_tables()),
            is_superuser=sql.is_superuser(),
            dump_version=dump_version(),
            workers=settings.WORKERS,
            modules=sql.loaded_modules(LISTS_OF_MODULES),
            has_replica=REPLICA in settings.DATABASES,
        )
        yield from database_lines(found)
        yield from [replica_state()] if found.has_replica else []
    for message in checks.run_checks(
        tags=[Tags.database], include_deployment_checks=True, databases=[DEFAULT_DB_ALIAS]
    ):
        if str(message.id).startswith(OURS) and message.id not in TOLD | OWN:
            yield Line(Level.FAULT if message.is_serious() else Level.WARNING, "系统检查", message.msg)


def replica_state() -> Line:
    """Return how far the replica follows; one that is behind has REPLICA_LAG_SECONDS to catch up."""
    wanted, until = log_position(), time.monotonic() + settings.REPLICA_LAG_SECONDS
    try:
        while (replayed := replayed_position(REPLICA)) is not None and replayed < wanted and time.monotonic() < until:
            time.sleep(0.2)
    except Error:
        return replica_line(wanted, None, answers=False, seconds=settings.REPLICA_LAG_SECONDS)
    return replica_line(wanted, replayed, answers=True, seconds=settings.REPLICA_LAG_SECONDS)


def dump_version() -> int:
    """Return the major version of pg_dump on this machine; 0 if there is none."""
    program = shutil.which("pg_dump")
    if program is None:
        return 0
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  found above
    number = re.search(r"(\d+)\.", told.stdout)
    return int(number[1]) if number else 0


def scratch_databases() -> list[str]:
    """Return the scratch databases that exist; one of a test restore that runs now is among them."""
    return sql.databases_like(SCRATCH) if connection.vendor == "postgresql" else []
