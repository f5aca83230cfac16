"""The table of a load test and the facts of its machine, in English like every benchmark's."""

import os
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from bench.load.citizens import CAST
from bench.load.processes import WORKERS
from bench.load.rules import Disturbance, Plan, Press, Verdict, percentile
from tests.concurrency.cluster import find_program


class Findings(NamedTuple):
    """What a load test measured."""

    plan: Plan
    citizens: int
    verdict: Verdict
    presses: Sequence[Press]
    unanswered: int
    done: Counter[Disturbance]
    fault: str
    seconds: float
    has_redis: bool


def lines(found: Findings) -> Iterator[str]:
    """Yield the report line by line."""
    yield f"{'load':<10} {found.plan.voters} voters at once, {found.seconds:.1f} s of voting, {WORKERS} workers"
    yield f"{'machine':<10} {' · '.join(machine(has_redis=found.has_redis))}"
    yield f"{'disturbed':<10} {', '.join(f'{found.done[what]} {what}' for what in Disturbance)}"
    yield ""
    for name, figure, note in (*_ballots(found), *_presses(found.presses)):
        yield f"{name:<26} {figure:>9,}   {note}".rstrip()
    yield f"{'casts per second':<26} {found.verdict.acknowledged / found.seconds:>9.1f}"
    yield f"{'latency, every page':<26} {_latency(found.presses)}"
    yield f"{'latency, last page':<26} {_latency([press for press in found.presses if press.address == CAST])}"
    yield from _reservations(found)


def machine(*, has_redis: bool) -> Iterator[str]:
    """Yield what the figures depend on."""
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}, {memory:.0f} GB"
    yield f"{platform.system()} {platform.release()}"
    yield f"Python {platform.python_version()}"
    yield f"gunicorn {version('gunicorn')}"
    yield f"PostgreSQL {_number(str(find_program('postgres')))}"
    yield f"Redis {_number('redis-server')}" if has_redis else "no Redis (redis-server is not installed)"


def _number(program: str) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", told)
    return found[0] if found else "?"


def _ballots(found: Findings) -> Iterator[tuple[str, int, str]]:
    verdict = found.verdict
    yield "citizens", found.citizens, "each with a code of their own"
    yield "acknowledged", verdict.acknowledged, "receipts that the last page called cast"
    yield "lost", verdict.lost, "acknowledged, not in the sealed box"
    yield "double", verdict.double, "a receipt or a code twice in the box, or more ballots than used codes"
    yield "codes without a ballot", verdict.without_ballot, "used, but no ballot is in the box for them"
    yield "unknown ballots", verdict.foreign, "in the box under a receipt that nobody was shown"
    yield "unacknowledged ballots", verdict.unacknowledged, "in the box, but the citizen began anew or gave up"
    yield "last answers lost", found.unanswered, "the button was pressed again, or the ballot begun anew"


def _presses(presses: Sequence[Press]) -> Iterator[tuple[str, int, str]]:
    kinds = Counter(press.status // 100 for press in presses)
    yield "pages served", kinds[2], ""
    yield "5xx", kinds[5], ""
    yield "other refusals", len(presses) - kinds[2] - kinds[5] - kinds[0], "codes used a second time"
    yield "connection errors", kinds[0], "refused, reset, cut short"


def _reservations(found: Findings) -> Iterator[str]:
    """Yield why the run shows less than was planned."""
    if found.fault:
        yield f"the deployment could not be disturbed as planned: {found.fault}"
    elif found.done.total() < found.plan.kills + found.plan.restarts:
        yield f"the vote ended before all {found.plan.kills + found.plan.restarts} disturbances"
    if not found.verdict.acknowledged:
        yield "no ballot was acknowledged: this run shows nothing"


def _latency(presses: Sequence[Press]) -> str:
    taken = [press.seconds * 1000 for press in presses if press.status]
    return (
        f"p50 {percentile(taken, 0.5):.0f} ms, p95 {percentile(taken, 0.95):.0f} ms, max {max(taken, default=0):.0f} ms"
    )
