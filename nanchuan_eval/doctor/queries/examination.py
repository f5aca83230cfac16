"""The whole examination (体检): every line about the settings, the machine, the database and what runs by the clock."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db import DatabaseError

from nanchuan_eval.doctor.queries.database import server_lines
from nanchuan_eval.doctor.queries.machine import machine_lines, network_lines
from nanchuan_eval.doctor.queries.schedule import schedule_lines
from nanchuan_eval.installation.queries import clock_lines, database_line, setting_lines
from nanchuan_eval.installation.rules import Level, Line

# Lines of the settings that an examination words itself, or that are no fault of a site that runs.
OWN = frozenset({"EMAIL_URL"})
# What later apps examine; filled by `AppConfig.ready`.
examinations: list[Callable[[datetime], Iterable[Line]]] = []


def examine(at: datetime, *, asks_others: bool) -> list[Line]:
    """Return every line, faults first; `asks_others`: also connect to the services that the settings name."""
    return sorted(_lines(at, asks_others=asks_others), key=lambda line: LEVELS.index(line.level))


LEVELS = (Level.FAULT, Level.WARNING, Level.GOOD)


def _lines(at: datetime, *, asks_others: bool) -> Iterator[Line]:
    yield from (line for line in setting_lines(None) if line.setting not in OWN)
    state = database_line()
    yield state
    if state.level is Level.FAULT:  # tables may be missing: what reads them says nothing more
        return
    parts: list[Callable[[datetime], Iterable[Line]]] = [
        lambda _: clock_lines(),
        lambda _: server_lines(),
        schedule_lines,
        machine_lines,
        *([network_lines] if asks_others else []),
        *examinations,
    ]
    for part in parts:
        yield from _answered(part, at)


def _answered(part: Callable[[datetime], Iterable[Line]], at: datetime) -> Iterator[Line]:
    """Yield the lines of a part; one that cannot be read is a line of its own, and the others are told all the same."""
    try:
        yield from part(at)
    except (OSError, DatabaseError, ValueError) as fault:
        name = getattr(part, "__name__", "")
        yield Line(
            Level.FAULT, "体检", f"有一部分没有查成（{name} {type(fault).__name__}）。请查看数据库和磁盘是否正常。"
        )
