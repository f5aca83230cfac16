"""The sealed ballots with their votes, as they were committed to."""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from uuid import UUID

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import Ballot, Rating, vote_line
from evaluations.rounds.models import Round

CHUNK = 5000


def sealed_votes(round_: Round, only: Collection[UUID] | None = None) -> Iterator[tuple[Ballot, Mapping[str, object]]]:
    """Yield every ballot, or `only` those with these ids, with its vote: lines in the form's order (protocol 6.3)."""
    ratings = Rating.objects.filter(round=round_).select_related("ballot", "section")
    if only is not None:
        ratings = ratings.filter(ballot__in=only)
    rows = ratings.order_by("ballot_id", "section__code").iterator(chunk_size=CHUNK)
    places = {
        section.code: place for place, section in enumerate(ballot_form_by_digest(round_.ballot_form_sha256).sections)
    }
    for _, lines in groupby(rows, key=lambda rating: rating.ballot_id):
        ordered = sorted(lines, key=lambda rating: places[rating.section.code])
        yield ordered[0].ballot, {"lines": [vote_line(rating) for rating in ordered]}
