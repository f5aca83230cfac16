"""What a check of the installation says: one line a subject, how it is and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How a line ends."""

    GOOD = "✓"
    WARNING = "！"
    FAULT = "×"


EXIT_CODES = {Level.GOOD: 0, Level.WARNING: 1, Level.FAULT: 2}


@dataclass(frozen=True)
class Line:
    """One checked subject or setting: how it is, and what to do."""

    level: Level
    setting: str
    text: str

    def __str__(self) -> str:
        return f"{self.level.value} {self.setting}：{self.text}"


def judged(setting: str, is_good: bool, good: str, bad: str, worst: Level = Level.FAULT) -> Line:
    """Return the good line or the bad one."""
    return Line(Level.GOOD if is_good else worst, setting, good if is_good else bad)


def exit_code(lines: Iterable[Line]) -> int:
    """Return 0 if all is well, 1 if a line warns, 2 if one is a fault."""
    return max((EXIT_CODES[line.level] for line in lines), default=0)
