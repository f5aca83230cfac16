#!/usr/bin/env python3
"""Run units of deploy/systemd where there is no systemd: in a container, in the trial of the installation.

    deploy/run_units.py nanchuan.service    this service, as its user, begun again when it fails
    deploy/run_units.py --timers            what the timers start, then and if it was missed; ends with SIGTERM
    deploy/run_units.py --once nanchuan-backup.service

Standard library only; it reads what these units use and refuses the rest.
"""

import os
import pwd
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

UNITS = Path(__file__).resolve().parent / "systemd"
# One file for each timer with Persistent=yes, as old as its last start.
STAMPS = Path("/var/lib/nanchuan/timers")
# What only systemd can do, or what does not matter where the units run alone.
WITHOUT = frozenset(
    {"AccuracySec", "KillMode", "SuccessExitStatus", "ExecReload", "PrivateNetwork", "TimeoutStopSec", "Type"}
)
DONE = frozenset(
    {"User", "WorkingDirectory", "ExecStart", "ExecCondition", "RuntimeDirectory", "RuntimeDirectoryMode",
     "Restart", "RestartSec", "OnCalendar", "Persistent", "KillSignal"}
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CALENDAR = re.compile(
    r"\*:0/(?P<step>\d+)"
    r"|(?:(?P<weekday>[A-Z][a-z]{2}) )?\*-\*-\* (?P<hour>\d\d):(?P<minute>\d\d)(?: (?P<zone>\S+))?"
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LONGEST_SLEEP = 1.0  # so late SIGTERM is heard

Unit = Mapping[str, list[str]]


def read_unit(text: str) -> Unit:
    """Return the values of a unit by name; names of [Unit] and [Install] order units and are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section not in {"Unit", "Install"} and line and line[0] not in "#;":
            name, _, value = line.partition("=")
            if name not in WITHOUT | DONE:
                raise ValueError(f"{name} is not understood")
            found[name].append(value)
    return found


def next_time(calendar: str, after: datetime) -> datetime:
    """Return the first moment after this one at which OnCalendar=`calendar` elapses."""
    rule = CALENDAR.fullmatch(calendar)
    if not rule:
        raise ValueError(f"OnCalendar={calendar} is not understood")
    if rule["step"]:
        step, minute = int(rule["step"]), after.replace(second=0, microsecond=0)
        return minute + timedelta(minutes=step - minute.minute % step)
    local = after.astimezone(ZoneInfo(rule["zone"]) if rule["zone"] else None)
    moment = local.replace(hour=int(rule["hour"]), minute=int(rule["minute"]), second=0, microsecond=0)
    while moment <= local or (rule["weekday"] and WEEKDAYS[moment.weekday()] != rule["weekday"]):
        moment += timedelta(days=1)
    return moment.astimezone(after.tzinfo)


@dataclass(frozen=True)
class Service:
    """A service: its command, its user, where it runs, whether it is begun again."""

    name: str
    command: list[str]
    condition: list[str]
    user: str
    folder: str
    runtime: str
    mode: int
    keeps_running: bool
    pause: float
    ends_by: signal.Signals

    @classmethod
    def read(cls, name: str) -> "Service":
        """Read a unit of deploy/systemd."""
        unit = read_unit((UNITS / name).read_text("utf-8"))
        (command,) = unit["ExecStart"]
        return cls(
            name=name,
            command=shlex.split(command),
            condition=shlex.split(_one(unit, "ExecCondition")),
            user=_one(unit, "User"),
            folder=_one(unit, "WorkingDirectory", "/"),
            runtime=_one(unit, "RuntimeDirectory"),
            mode=int(_one(unit, "RuntimeDirectoryMode", "0755"), 8),
            keeps_running=_one(unit, "Restart") == "on-failure",
            pause=float(_one(unit, "RestartSec", "1")),
            ends_by=signal.Signals[_one(unit, "KillSignal", "SIGTERM")],
        )

    def start(self) -> "subprocess.Popen[bytes] | None":
        """Start it as its user, without core dumps; None if its condition does not hold."""
        user = pwd.getpwnam(self.user)
        if self.runtime:
            folder = Path("/run") / self.runtime
            folder.mkdir(exist_ok=True)
            folder.chmod(self.mode)
            os.chown(folder, user.pw_uid, user.pw_gid)
        if self.condition and self._popen(self.condition, user).wait():
            return None
        return self._popen(self.command, user)

    def _popen(self, command: Sequence[str], user: pwd.struct_passwd) -> "subprocess.Popen[bytes]":
        is_root = os.geteuid() == 0
        return subprocess.Popen(  # noqa: S603  the command of a unit of this project
            command,
            cwd=self.folder,
            env={"PATH": PATH, "HOME": user.pw_dir, "USER": self.user, "LOGNAME": self.user, "LANG": "C.UTF-8"},
            user=self.user if is_root else None,
            group=user.pw_gid if is_root else None,
            extra_groups=os.getgrouplist(self.user, user.pw_gid) if is_root else None,
            umask=0o077,
            preexec_fn=_begin_as_under_systemd,  # noqa: PLW1509  before any thread
        )


def run_service(service: Service) -> int:
    """Keep a service running until SIGTERM, which is passed on to it."""
    while True:
        process = service.start()
        if process is None:
            _say(f"{service.name}: its condition does not hold, not started")
            signal.pause()
            return 0
        signal.signal(signal.SIGTERM, partial(_stop, process))
        status = process.wait()
        if status == 0 or not service.keeps_running or _stopped:
            return max(status, 0)
        _say(f"{service.name}: ended with {status}, again in {service.pause:g} s")
        time.sleep(service.pause)


def run_timers(now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
    """Start what the timers name when they elapse; one that still runs is not started again."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    asked: list[int] = []
    # Only noted: a handler that waited for a process could find the lock of the very wait that it interrupts.
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    due = {name: next_time(calendar, last_start(name, now())) for name, calendar in timers()}
    while not asked:
        for name, calendar in timers():
            process = running.get(name)
            if process and process.poll() is not None:
                if running.pop(name).returncode:
                    _say(f"{name}: failed with {process.returncode}")
            if now() >= due[name]:
                due[name] = next_time(calendar, now())
                if name not in running and (begun := Service.read(name).start()):
                    running[name] = begun
                    _mark_start(name, now())
        soonest = min(due.values()) - now()
        time.sleep(min(max(soonest.total_seconds(), 0.1), LONGEST_SLEEP))
    _end(running)


def timers() -> Iterator[tuple[str, str]]:
    """Yield the service and the calendar of every timer."""
    for path in sorted(UNITS.glob("*.timer")):
        yield path.with_suffix(".service").name, _one(read_unit(path.read_text("utf-8")), "OnCalendar")


def last_start(name: str, at: datetime) -> datetime:
    """Return when a timer with Persistent=yes last started this service; for others and the first time, this moment."""
    if not _is_persistent(name):
        return at
    try:
        return min(at, datetime.fromtimestamp((STAMPS / name).stat().st_mtime, at.tzinfo))
    except FileNotFoundError:
        _mark_start(name, at)
        return at


def _is_persistent(name: str) -> bool:
    return _one(read_unit((UNITS / name).with_suffix(".timer").read_text("utf-8")), "Persistent") == "yes"


def _mark_start(name: str, at: datetime) -> None:
    if not _is_persistent(name):
        return
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).touch()
    os.utime(STAMPS / name, (at.timestamp(), at.timestamp()))


_stopped: list[int] = []


def _stop(process: "subprocess.Popen[bytes]", *_: object) -> None:
    _stopped.append(process.pid)
    process.terminate()


def _end(running: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    for name, process in running.items():
        process.send_signal(Service.read(name).ends_by)
    for process in running.values():
        process.wait()


def _one(unit: Unit, name: str, default: str = "") -> str:
    return unit[name][-1] if name in unit else default


def _begin_as_under_systemd() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # by which jobs end; a shell's background has it ignored


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name."""
    if arguments == ["--timers"]:
        run_timers()
        return 0
    if arguments[:1] == ["--once"] and len(arguments[1:]) == 1:
        process = Service.read(arguments[1]).start()
        return process.wait() if process else 0
    if len(arguments) == 1 and arguments[0].endswith(".service"):
        return run_service(Service.read(arguments[0]))
    _say(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
