"""影响期 asked about: may this person be promoted on this day, and is it this person at all?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices


class Verdict(TextChoices):
    """答复, the clearest first."""

    FROZEN = "frozen", "在影响期内，不得提拔重用"
    NAMESAKE = "namesake", "有同名人员在影响期内，请核对是否同一人"
    FREE = "free", "无影响期"


@dataclass(frozen=True)
class Asked:
    """Who is asked about, in which unit (may be empty) and for which day."""

    name: str
    unit: str
    on: date


@dataclass(frozen=True)
class Known:
    """One freeze of the register."""

    name: str
    unit: str
    post: str
    starts_on: date
    ends_on: date
    lifted_on: date | None = None

    def holds(self, on: date) -> bool:
        """Whether it forbids a promotion on that day; the last day counts, the day of lifting does not."""
        return self.starts_on <= on <= self.ends_on and (self.lifted_on is None or self.lifted_on > on)


@dataclass(frozen=True)
class Answer:
    """What the register says, with the freezes it rests on."""

    asked: Asked
    verdict: Verdict
    matches: tuple[Known, ...] = ()


def answer(asked: Asked, register: Iterable[Known]) -> Answer:
    """Answer one question; people of the same name are told apart by unit and post, never thrown together."""
    running = tuple(known for known in register if known.name == asked.name and known.holds(asked.on))
    if not running:
        return Answer(asked, Verdict.FREE)
    here = tuple(known for known in running if known.unit == asked.unit)
    if len(_people(here)) == 1:
        return Answer(asked, Verdict.FROZEN, here)
    if not asked.unit and len(_people(running)) == 1:
        return Answer(asked, Verdict.FROZEN, running)
    return Answer(asked, Verdict.NAMESAKE, here or running)


def _people(matches: Sequence[Known]) -> set[tuple[str, str]]:
    return {(known.unit, known.post) for known in matches}
