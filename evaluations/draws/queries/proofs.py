"""The proof file of a draw (证明文件), streamed from the stored parts without loading it whole."""

import json
from collections.abc import Iterator

from django.db.models import QuerySet

from evaluations.draws.models import Draw, DrawEntry
from evaluations.protocol.proofs import proof_chunks

CHUNK = 5000


def pool_rows(draw: Draw) -> Iterator[tuple[str, str]]:
    """Yield (stratum, token) of the whole pool, strata by bytes, tokens in order."""
    for stratum in _strata(draw):
        tokens = _of(draw, stratum).values_list("token", flat=True)
        yield from ((stratum, token) for token in tokens.iterator(chunk_size=CHUNK))


def exclusion_rows(draw: Draw) -> Iterator[tuple[str, str, str]]:
    """Yield (stratum, token, reason) of everybody excluded before the draw, in the pool's order."""
    for stratum in _strata(draw):
        out = _of(draw, stratum).exclude(exclusion="").values_list("token", "exclusion")
        yield from ((stratum, token, reason) for token, reason in out.iterator(chunk_size=CHUNK))


def proof_text(draw: Draw) -> Iterator[str]:
    """Yield the proof file from the stored parameters, randomness, events and result."""
    parts = {
        "params": json.loads(draw.params),
        "commit": draw.commit,
        "randomness": draw.randomness,
        "events": [json.loads(body) for body in draw.events.values_list("body", flat=True)],
        "result": json.loads(draw.result),
    }
    return proof_chunks(parts, pool_rows(draw), exclusion_rows(draw))


def drawn_rows(draw: Draw) -> Iterator[tuple[str, ...]]:
    """Yield (stratum, selected, alternate or removed, place, token): the proof's outcome without its long list."""
    for stratum, line in json.loads(draw.result)["strata"].items():
        places = enumerate([*line["selected"], *line["alternates"]], start=1)
        for place, token in places:
            yield stratum, "selected" if place <= len(line["selected"]) else "alternate", str(place), token
    for body in map(json.loads, draw.events.values_list("body", flat=True)):
        if body["type"] == "remove":
            yield body["stratum"], "removed", "", body["id"]


def _strata(draw: Draw) -> list[str]:
    return [str(name) for name in json.loads(draw.params)["strata"]]


def _of(draw: Draw, stratum: str) -> QuerySet[DrawEntry]:
    return DrawEntry.objects.filter(draw=draw, stratum=stratum).order_by("token")
