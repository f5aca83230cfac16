"""Answers from the register of promotion freezes (影响期), with namesakes kept apart; the case sets the last day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices


class Verdict(TextChoices):
    """Answers (答复), the clearest first."""

    FROZEN = "frozen", "在影响期内，不得提拔重用"
    NAMESAKE = "namesake", "有同名人员在影响期内，请核对是否同一人"
    FREE = "free", "无影响期"


@dataclass(frozen=True)
class Question:
    """A question: name, unit (may be empty) and date."""

    name: str
    unit: str
    on: date


@dataclass(frozen=True)
class RegisterEntry:
    """One freeze of the register."""

    name: str
    unit: str
    post: str
    starts_on: date
    ends_on: date
    lifted_on: date | None = None

    def holds(self, on: date) -> bool:
        """True if the freeze is in force on a day; the last day counts, the day of lifting does not."""
        return self.starts_on <= on <= self.ends_on and (self.lifted_on is None or self.lifted_on > on)


@dataclass(frozen=True)
class Answer:
    """The verdict on a question, with the freezes found."""

    asked: Question
    verdict: Verdict
    matches: tuple[RegisterEntry, ...] = ()


def answer(asked: Question, register: Iterable[RegisterEntry]) -> Answer:
    """Answer one question; namesakes are distinguished by unit and post."""
    running = tuple(known for known in register if known.name == asked.name and known.holds(asked.on))
    if not running:
        return Answer(asked, Verdict.FREE)
    here = tuple(known for known in running if known.unit == asked.unit)
    if len(_people(here)) == 1:
        return Answer(asked, Verdict.FROZEN, here)
    if not asked.unit and len(_people(running)) == 1:
        return Answer(asked, Verdict.FROZEN, running)
    return Answer(asked, Verdict.NAMESAKE, here or running)


def _people(matches: Sequence[RegisterEntry]) -> set[tuple[str, str]]:
    return {(known.unit, known.post) for known in matches}
