"""Read models of the public pages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.models import Ballot, Publication, Round
from evaluations.rules.rounds import LIFE, RoundState

SEALED = LIFE[LIFE.index(RoundState.SEALED) :]
ISSUING = LIFE[LIFE.index(RoundState.FROZEN) :]


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


def sealed_rounds() -> list[Round]:
    """Return the rounds whose box is sealed (one query)."""
    return list(Round.objects.filter(state__in=SEALED))


def round_of_receipt(receipt: str) -> Round | None:
    """Return the sealed round whose closing list holds the receipt (one query); no more is ever told."""
    found = Ballot.objects.filter(receipt=receipt, round__state__in=SEALED).select_related("round").first()
    return found.round if found else None
