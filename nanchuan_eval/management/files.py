"""Files named on a command line: read and written with a refusal in words (exit 2) instead of a traceback."""

from pathlib import Path

from django.core.management.base import CommandError


def read_file(path: Path) -> bytes:
    """Return the file's bytes."""
    try:
        return path.read_bytes()
    except OSError:
        raise CommandError(f"读不到文件“{path}”，请检查路径和权限。", returncode=2) from None


def write_file(path: Path, content: bytes) -> None:
    """Write the file; its folder must be there."""
    try:
        path.write_bytes(content)
    except OSError:
        raise CommandError(f"无法写入“{path}”，请检查文件夹、权限和磁盘空间。", returncode=2) from None
