"""Files that a round is counted again from, for commands that need no database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from evaluations.scoring.counting import BallotFileError
from evaluations.scoring.nc2.cells_file import CellsFileError
from nanchuan_eval.core.strict_json import MOST_BYTES, JSONFileError, parse_json
from nanchuan_eval.management.base import read_file
from nanchuan_eval.management.files import write_file


def read_json(path: Path) -> Any:
    """Return what a JSON file says, or end with exit code 1 and the reason."""
    try:
        return parse_json(read_file(path, MOST_BYTES + 1))
    except JSONFileError as fault:
        raise unusable(path, fault) from None


@contextmanager
def counted_from(counted: Path, rulebook: Path) -> Iterator[None]:
    """End the command with exit code 1 and the reason if ballots.csv, cells.json or the rulebook is faulty."""
    try:
        yield
    except (BallotFileError, CellsFileError) as fault:
        raise unusable(counted, fault) from None
    except ValueError as fault:
        raise unusable(rulebook, fault) from None


def write_result(screen: OutputWrapper, path: Path | None, content: bytes) -> None:
    """Write a result to its file, or to the screen."""
    if path:
        write_file(path, content)
    else:
        screen.write(content.decode(), ending="")


def unusable(path: Path, fault: object) -> CommandError:
    """Return the error of a command that cannot use a file."""
    return CommandError(f"文件“{path}”不能用：{fault}")
