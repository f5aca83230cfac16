"""Who reads a section's story, the sections read, and how moments and files become parts of entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accountability.evidence.models import Evidence
from accountability.section_story.rules import Entry, Kind
from evaluations.rounds.models import RoundSection
from nanchuan_eval.users.models import User

# The section of a round (its key) and what happened to it.
Found = tuple[int, Entry]


@dataclass(frozen=True)
class Reading:
    """Who reads, and the sections of rounds that are read."""

    by: User
    sections: Sequence[RoundSection]

    @property
    def ids(self) -> list[int]:
        """The keys of the sections."""
        return [section.pk for section in self.sections]


def timed(kind: Kind, at: datetime, what: str, details: Iterable[tuple[str, object]] = (), **more: Any) -> Entry:
    """Return an entry of a moment; details without a value are left out."""
    local = timezone.localtime(at)
    return Entry(kind, what, local.date(), local, facts(details), **more)


def facts(details: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    """Return the details that say something, as text."""
    return tuple((label, str(value)) for label, value in details if value not in (None, ""))


def files_of(subject: str, rows: Iterable[Model]) -> Mapping[Any, tuple[Evidence, ...]]:
    """Return the files that can be opened by the key of their subject (one query)."""
    found: dict[Any, tuple[Evidence, ...]] = {}
    for file in Evidence.objects.servable().filter(**{f"{subject}__in": [row.pk for row in rows]}):
        key = getattr(file, f"{subject}_id")
        found[key] = (*found.get(key, ()), file)
    return found
