"""Lists and texts that commands read, files that they write.

Exit codes: 2 = a path cannot be read or written, or the command was called wrongly; 1 = what a file says is refused.
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from django.core.management.base import CommandError

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.management.base import read_file
from nanchuan_eval.spreadsheets import Row, decode, read_rows
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE


def read_text(path: Path) -> str:
    """Return a text file in UTF-8, UTF-16 or GB 18030, or end with the reason."""
    try:
        return decode(read_file(path))
    except RuleViolation as refusal:
        raise CommandError(f"文件“{path}”不能用：{refusal}") from None


def read_list(path: Path, most_rows: int = 0) -> list[Row]:
    """Return the rows of an `.xlsx` or `.csv` file, or end with the reason."""
    content = read_file(path, LARGEST_FILE + 1)
    try:
        return read_rows(content, path.name, most_rows)
    except RuleViolation as refusal:
        raise CommandError(f"文件“{path}”不能用：{refusal}") from None


def check_writable(path: Path) -> None:
    """End with the reason if the file could not be written later; for commands that change rows before they write."""
    try:
        is_new = not path.exists()
        with path.open("ab"):
            pass
        if is_new:
            path.unlink()
    except OSError:
        raise _unwritable(path) from None


def write_file(path: Path, content: bytes) -> None:
    """Write the file; its folder must be there."""
    try:
        path.write_bytes(content)
    except OSError:
        raise _unwritable(path) from None


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only this account can read, whole or not at all; an existing one is never replaced."""
    part = ""
    try:
        if path.exists():
            raise CommandError(f"文件“{path}”已存在，没有覆盖。请先删除，或者换一个文件名。", returncode=2)
        number, part = mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        with os.fdopen(number, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        Path(part).replace(path)
    except OSError:
        if part:
            with suppress(OSError):
                Path(part).unlink()
        raise _unwritable(path) from None


def make_folder(path: Path) -> None:
    """Create the folder that a command writes into, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise CommandError(f"不能使用输出目录“{path}”，请检查路径和权限，或者换一个目录。", returncode=2) from None


def _unwritable(path: Path) -> CommandError:
    return CommandError(f"无法写入“{path}”，请检查文件夹、权限和磁盘空间。", returncode=2)
