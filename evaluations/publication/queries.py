"""Read models of the public pages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.publication.models import Publication
from evaluations.rounds.models import Round


@dataclass(frozen=True)
class PublishedList:
    """One published version with its frozen content."""

    publication: Publication
    content: Mapping[str, Any]


def published_rounds() -> list[Round]:
    """Return the rounds whose list is public (one query)."""
    return list(Round.objects.filter(publications__isnull=False).distinct())


def published_versions(key: str) -> list[PublishedList]:
    """Return all published versions of a round, the newest first (one query)."""
    publications = Publication.objects.filter(round__key=key).select_related("round").order_by("-version")
    return [PublishedList(publication, json.loads(publication.content)) for publication in publications]
