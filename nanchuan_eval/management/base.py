"""Base of the commands that call services, and their input files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy


class ServiceCommand(BaseCommand):
    """A command that ends with exit code 1 and the reasons if a service refuses, or the account may not."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command."""
        try:
            return super().execute(*args, **options)
        except (RuleViolation, policy.Denied) as refusal:
            raise CommandError(str(refusal)) from None


def read_file(path: Path, most: int = -1) -> bytes:
    """Return the file's bytes, at most `most` of them, or end with exit code 2."""
    try:
        with path.open("rb") as source:
            return source.read(most)
    except OSError:
        raise CommandError(f"读不到文件“{path}”，请检查路径和权限。", returncode=2) from None
