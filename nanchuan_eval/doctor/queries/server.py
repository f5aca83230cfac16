"""Reading owners, swap, time synchronization, installed packages and the certificate's key of this machine."""

import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from django.conf import settings

from nanchuan_eval.doctor.rules import server
from nanchuan_eval.installation.rules import Line

ROOTS = ("EVIDENCE_ROOT", "BACKUP_ROOT", "ARCHIVE_ROOT")
SWAPS = Path("/proc/swaps")
PATIENCE = 5  # seconds
# A pin, and the marker that says on which Python it holds.
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)\s*(;)?")


def server_lines() -> Iterator[Line]:
    """Yield what is wrong with the machine itself."""
    yield from server.owner_lines(foreign())
    yield from server.nested_lines(nested())
    key, mode = key_file()
    found = (swap_areas(), is_synchronised(), differing_packages())
    yield from filter(None, [server.swap_line(found[0]), server.ntp_line(found[1]), server.package_line(found[2])])
    yield from filter(None, [server.key_file_line(key, mode)])


def foreign() -> Mapping[str, list[str]]:
    """Return what in each folder of data belongs to another user than the folder itself."""
    found: dict[str, list[str]] = {}
    for name in ROOTS:
        root = Path(getattr(settings, name))
        owner = root.stat().st_uid if root.is_dir() else None
        found[name] = [str(path) for path in sorted(root.rglob("*")) if path.lstat().st_uid != owner]
    return found


def nested() -> list[tuple[str, str]]:
    """Return the folders of data that lie in another one, or are the same."""
    places = {name: Path(getattr(settings, name)).resolve() for name in ROOTS}
    return [
        (inner, outer)
        for inner, place in places.items()
        for outer, other in places.items()
        if inner != outer and (other in place.parents or (other == place and inner > outer))
    ]


def swap_areas() -> list[str]:
    """Return the disks and files that memory may be written to; compressed memory is none."""
    if not SWAPS.is_file():
        return []
    areas = [line.split()[0] for line in SWAPS.read_text().splitlines()[1:] if line.strip()]
    return [area for area in areas if not area.startswith("/dev/zram")]


def is_synchronised() -> bool | None:
    """Return whether the kernel's clock is kept by another one; None where systemd does not tell."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        told = subprocess.run(  # noqa: S603  found above
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(told.stdout.strip())


def differing_packages() -> list[str]:
    """Return the packages that are missing or of another version than pinned, in words."""
    pins = settings.BASE_DIR / "requirements.txt"
    found = []
    for line in pins.read_text().splitlines() if pins.is_file() else ():
        if pin := PIN.match(line):
            name, wanted, has_marker = pin.groups()
            installed = _installed(name)
            if installed != wanted and (installed or not has_marker):
                found.append(f"{name} {installed or '没有安装'}（应为{wanted}）")
    return found


def key_file() -> tuple[str, int | None]:
    """Return the key beside the certificate's file, and its permissions if it is there."""
    if "/" not in settings.CERTIFICATE:
        return "", None
    path = Path(settings.CERTIFICATE).with_suffix(".key")
    try:
        return str(path), stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return str(path), None


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
