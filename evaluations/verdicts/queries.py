"""The answer that stands first on every page where something is checked (核验结果), computed on the server."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import TextChoices

# A check over all ballots takes seconds, so its answer is shown for so long, with the time when it was computed.
REPEATED_AFTER = 3600


class Answer(TextChoices):
    """What a check has shown; 尚未核验 = there is nothing to check yet, or it was not possible."""

    AGREES = "agrees", "一致"
    DIFFERS = "differs", "不一致"
    UNCHECKED = "unchecked", "尚未核验"


@dataclass(frozen=True)
class Verdict:
    """The answer of a check, what it means, and when it was computed."""

    answer: Answer
    text: str
    at: datetime | None = None
    # What the answer is about, on a page with other things to compare.
    about: str = "结果"

    @property
    def heading(self) -> str:
        """Return the answer as it stands at the head of the page."""
        return f"{self.about}：{self.answer.label}"


def unchecked(text: str) -> Verdict:
    """Return the verdict on what has not been checked, with the reason."""
    return Verdict(Answer.UNCHECKED, text)


def verdict_of(faults: Sequence[str], agrees: str, at: datetime) -> Verdict:
    """Return the verdict of a check that was made: what agrees, or everything that does not."""
    if faults:
        told = "；".join(fault.rstrip("。") for fault in faults)
        return Verdict(Answer.DIFFERS, f"{told}。请保存本页截图，并告知评议办或者纪委监委。", at)
    return Verdict(Answer.AGREES, agrees, at)


def checked(what: str, check: Callable[[], Iterable[str]], agrees: str, at: datetime) -> Verdict:
    """Return the verdict of a check; `what` names it and the data, `check` yields in Chinese what does not agree."""

    def compute() -> Verdict:
        return verdict_of(list(check()), agrees, at)

    found: Any = cache.get_or_set(f"verdict/{what}", compute, REPEATED_AFTER)
    return found if isinstance(found, Verdict) else compute()
