"""CPU time of this process, its children and, on PostgreSQL, of the database process behind its connection."""

import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Return the CPU seconds so far of this process, finished children and the database."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime + _database_cpu()


def interleaved(floor: Callable[[], object], ours: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Run the two in turn and return the median CPU seconds of each: drift of the machine affects both alike."""
    seconds: dict[str, list[float]] = {"floor": [], "ours": []}
    for _ in range(rounds):
        for name, run in (("floor", floor), ("ours", ours)):
            before = cpu_seconds()
            run()
            seconds[name].append(cpu_seconds() - before)
    return statistics.median(seconds["floor"]), statistics.median(seconds["ours"])


def report(what: str, floor: float, ours: float, target: float, unit: str = "ms", times: float = 1000) -> None:
    """Print one line: floor, ours, ratio, target."""
    print(
        f"{what:<44} floor {floor * times:9.3f} {unit}  ours {ours * times:9.3f} {unit}"
        f"  ratio {ours / floor:5.2f}  target <= {target}",
        flush=True,
    )


def _database_cpu() -> float:
    if connection.vendor != "postgresql" or connection.connection is None:
        return 0.0
    stat = Path(f"/proc/{connection.connection.get_backend_pid()}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
