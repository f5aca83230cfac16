"""What is public of a round once its list is published, as documents; every value stands on a public page or file."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from evaluations.draws.models import Draw
from evaluations.draws.queries.strata import strata_of
from evaluations.publication.models import Publication
from evaluations.publication.queries import annulled_since, fixed_response, open_counts
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from evaluations.sealing.queries import closing_leaves
from evaluations.tally.models import Tally


@dataclass(frozen=True)
class PublishedRound:
    """A round with its published versions, the first one first, and the counts whose files are public.

    `annulled` = the versions whose list names a veto annulled since: their list is no public file any more.
    """

    round: Round
    publications: Sequence[Publication]
    counts: Mapping[int, Tally]
    annulled: Container[int]

    @property
    def first(self) -> Publication:
        """The version with which the round's other files were fixed."""
        return self.publications[0]

    @property
    def newest(self) -> Publication:
        """The version in force."""
        return self.publications[-1]


def published_round(key: str) -> PublishedRound | None:
    """Return a round with a published list; None if there is none or no such round (at most three queries)."""
    publications = list(Publication.objects.filter(round__key=key).select_related("round").order_by("version"))
    if not publications:
        return None
    annulled = annulled_since(publications)
    return PublishedRound(publications[0].round, publications, open_counts(publications, annulled), annulled)


def published_rounds() -> Iterator[Publication]:
    """Yield the newest version of every published round, the newest round first (one query)."""
    seen = set()
    versions = Publication.objects.select_related("round").defer("content", "round__ballot_form", "round__closing")
    for publication in versions.order_by("-round__period_start", "-round__pk", "-version"):
        if publication.round_id not in seen:
            seen.add(publication.round_id)
            yield publication


def turnout_document(publication: Publication) -> dict[str, Any]:
    """Return the turnout by channel as one version tells it."""
    content = json.loads(publication.content)
    return {"round": content["round"]["key"], "is_demo": content["is_demo"], "channels": content["channels"]}


def response_document(published: PublishedRound) -> dict[str, Any] | None:
    """Return the response fixed with the list; None in lists older than responses."""
    told = fixed_response(published.first)
    return None if told is None else _of_round(published.round) | told


def sections_document(published: PublishedRound) -> dict[str, Any]:
    """Return the rated sections with the names they had when the roster was frozen (one query)."""
    rows = published.round.sections.order_by("code")
    names = rows.values_list("code", "department_code", "department_name", "name")
    keys = ("code", "department_code", "department", "section")
    return _of_round(published.round) | {"sections": [dict(zip(keys, row, strict=True)) for row in names]}


def draws_document(published: PublishedRound) -> dict[str, Any]:
    """Return the draws that were public or abandoned when the list was published (one query).

    What later removals may still change, the empty seats, is left out.
    """
    at = published.first.published_at
    draws = Draw.objects.filter(
        Q(status=DrawStatus.PUBLISHED, published_at__lte=at) | Q(status=DrawStatus.ABANDONED, abandoned_at__lte=at),
        round=published.round,
    ).exclude(purpose=DrawPurpose.INSPECTED)
    return _of_round(published.round) | {
        "draws": [_draw(draw) for draw in draws.select_related("planned").order_by("pk")]
    }


def closing_list_facts(published: PublishedRound) -> dict[str, Any]:
    """Return what the closing list says beside its ballots."""
    return _of_round(published.round) | {"root": published.round.closing_root}


def closing_ballots(published: PublishedRound) -> Iterator[tuple[str, str]]:
    """Yield receipt and commitment of every ballot of the box, by receipt (one query)."""
    for entry in closing_leaves(published.round):
        receipt, _, commitment = entry.decode().partition("\t")
        yield receipt, commitment


def _of_round(round_: Round) -> dict[str, Any]:
    return {"round": round_.key, "is_demo": round_.is_demo}


def _draw(draw: Draw) -> dict[str, Any]:
    is_public, params = draw.status == DrawStatus.PUBLISHED, json.loads(draw.params)
    return {
        "draw_id": draw.draw_id,
        "purpose": draw.purpose,
        "label": draw.get_purpose_display(),
        "status": draw.status,
        "status_label": draw.get_status_display(),
        "planned_at": _time(draw.planned.planned_at) if draw.planned else None,
        "place": draw.planned.place if draw.planned else "",
        "committed_at": _time(draw.committed_at),
        "seeded_at": _time(draw.seeded_at),
        "published_at": _time(draw.published_at),
        "abandoned_at": _time(draw.abandoned_at),
        "abandon_reason": draw.abandon_reason,
        "commit": draw.commit,
        "seed": draw.seed if is_public else "",
        "pool_size": params["pool_size"],
        "pool_sha256": params["pool_sha256"],
        "exclusions_sha256": params["exclusions_sha256"],
        "randomness": list(_randomness(draw, params["randomness"])) if is_public else [],
        "strata": [
            {"name": each.name, "eligible": each.eligible, "seats": each.seats}
            for each in (strata_of(draw, params) if is_public else ())
        ],
        "files": _addresses(draw),
    }


def _addresses(draw: Draw) -> dict[str, str]:
    """Return where the files lie from which the draw is repeated; of an abandoned one, what was committed."""
    names = {"params": "params.json", "pool": "pool.tsv", "exclusions": "exclusions.tsv"}
    if draw.status != DrawStatus.PUBLISHED:
        return {key: reverse("draw-file", args=[draw.draw_id, name]) for key, name in names.items()}
    names |= {"drawn": "drawn.tsv"}
    found = {key: reverse("draw-file", args=[draw.draw_id, name]) for key, name in names.items()}
    return found | {"proof": reverse("draw-proof", args=[draw.draw_id])}


def _randomness(draw: Draw, sources: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for source, numbers, issue in zip(sources, draw.randomness, draw.issues, strict=False):
        yield {"label": source["label"], "numbers": numbers, "issue": issue}


def _time(moment: datetime | None) -> str | None:
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment else None
