"""Machines as network namespaces on one switch, with the addresses that deploy/two-servers/ has."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from bench.load.rules import Refused

ADDRESSES = {
    "proxy": "10.20.0.10",
    "web1": "10.20.0.11",
    "web2": "10.20.0.12",
    "db1": "10.20.0.21",
    "db2": "10.20.0.22",
}
PROGRAMS = ("ip", "nginx", "redis-server", "openssl", "runuser", "psql")


def require_machines() -> None:
    """Refuse to start where networks cannot be made or a program is missing."""
    if os.geteuid() != 0:
        raise Refused("networks of its own need root")
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise Refused(f"missing programs: {', '.join(missing)}")


class Network:
    """Namespaces, each with one cable to a switch in a namespace of its own; nothing reaches this machine's network."""

    def __init__(self, name: str = "") -> None:
        self.name = name or f"nc{os.getpid()}"

    @property
    def switch(self) -> str:
        return f"{self.name}-switch"

    def make(self) -> None:
        """Make switch, machines and cables."""
        _ip("netns", "add", self.switch)
        _ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", self.switch, "link", "set", "switch", "up")
        for machine, address in ADDRESSES.items():
            space = self.space(machine)
            _ip("netns", "add", space)
            _ip("-n", self.switch, "link", "add", machine, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", self.switch, "link", "set", machine, "master", "switch", "up")
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")

    def space(self, machine: str) -> str:
        return f"{self.name}-{machine}"

    def on(self, machine: str, user: str = "") -> list[str]:
        """What stands before a command to be run on a machine."""
        return ["ip", "netns", "exec", self.space(machine), *(["runuser", "-u", user, "--"] if user else [])]

    def unplug(self, machine: str) -> None:
        """Pull the cable: what is sent to the machine is lost without a word."""
        _ip("-n", self.switch, "link", "set", machine, "down")

    def plug_in(self, machine: str) -> None:
        """Put the cable back."""
        _ip("-n", self.switch, "link", "set", machine, "up")

    def kill(self, machine: str) -> None:
        """Kill everything that runs on a machine."""
        told = subprocess.run(["ip", "netns", "pids", self.space(machine)], capture_output=True, text=True, check=False)
        for number in told.stdout.split():
            if int(number) != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGKILL)

    def remove(self) -> None:
        """Kill what runs there and take everything down."""
        for machine in ADDRESSES:
            self.kill(machine)
        time.sleep(0.3)
        for name in (*(self.space(machine) for machine in ADDRESSES), self.switch):
            if Path("/run/netns", name).exists():
                _ip("netns", "del", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
