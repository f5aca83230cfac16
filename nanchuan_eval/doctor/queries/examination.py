"""The whole examination (体检): every line about the settings, the machine, the database and what runs by the clock."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db import DatabaseError

from nanchuan_eval.doctor.queries import server as computer
from nanchuan_eval.doctor.queries.database import server_lines
from nanchuan_eval.doctor.queries.machine import machine_lines, network_lines
from nanchuan_eval.doctor.queries.schedule import schedule_lines
from nanchuan_eval.installation.queries import clock_lines, database_line, setting_lines
from nanchuan_eval.installation.rules import Level, Line

# Lines of the settings that an examination words itself, or that are no fault of a site that runs.
OWN = frozenset({"EMAIL_URL"})
LEVELS = (Level.FAULT, Level.WARNING, Level.GOOD)
Part = Callable[[datetime], Iterable[Line]]
# What later apps examine, each part with its name; filled by `AppConfig.ready`.
examinations: dict[str, Part] = {}


def examine(at: datetime, *, asks_others: bool) -> list[Line]:
    """Return every line, faults first; `asks_others`: also connect to the services that the settings name."""
    return sorted(_lines(at, asks_others=asks_others), key=lambda line: LEVELS.index(line.level))


def _lines(at: datetime, *, asks_others: bool) -> Iterator[Line]:
    yield from (line for line in setting_lines(None) if line.setting not in OWN)
    state = database_line()
    yield state
    if state.level is Level.FAULT:  # tables may be missing: what reads them says nothing more
        return
    parts: dict[str, Part] = {
        "时钟": lambda _: clock_lines(),
        "数据库设置": lambda _: server_lines(),
        "定时任务和备份": schedule_lines,
        "磁盘、权限、密钥和证书": machine_lines,
        "服务器": lambda _: computer.server_lines(),
        **({"其他地址的服务": network_lines} if asks_others else {}),
        **examinations,
    }
    for name, part in parts.items():
        yield from _answered(name, part, at)


def _answered(name: str, part: Part, at: datetime) -> Iterator[Line]:
    """Yield the lines of a part; one that cannot be read is a line of its own, and the others are told all the same."""
    try:
        yield from part(at)
    except (OSError, DatabaseError, ValueError) as fault:
        text = f"“{name}”没有查成或者没有查完（{type(fault).__name__}），不能认为没有问题。请查看数据库和磁盘是否正常。"
        yield Line(Level.FAULT, "体检", text)
