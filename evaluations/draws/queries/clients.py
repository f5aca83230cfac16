"""People drawn among the clients (办事群众): each with all the sections for which they are drawn."""

import json
from collections.abc import Mapping

from evaluations.draws.models import Draw, DrawEntry
from evaluations.protocol import drawing, outcome
from evaluations.service_records.models import Client

Place = tuple[str, str]  # stratum and token


def drawn_clients(draw: Draw, round_no: int | None = None) -> list[tuple[Client, list[DrawEntry]]]:
    """Return everybody now drawn with their entries, one for each section; all in two queries.

    `round_no` leaves those who were first drawn in that committed round: 1 as the draw was held, 2 and more by the
    top-ups, alternates who took a seat meanwhile included.
    """
    entries = draw.entries.filter(is_selected=True, client__isnull=False).select_related("client")
    rounds = first_drawn_in(draw) if round_no else {}
    found: dict[int, tuple[Client, list[DrawEntry]]] = {}
    for entry in entries.order_by("client", "stratum"):
        if round_no and rounds[entry.stratum, entry.token] != round_no:
            continue
        if entry.client:
            found.setdefault(entry.client.pk, (entry.client, []))[1].append(entry)
    return list(found.values())


def first_drawn_in(draw: Draw) -> Mapping[Place, int]:
    """Return the committed round in which each place was first drawn, of a draw with a fixed quota.

    Only places that are drawn, alternate or removed are put in order again, not the whole pool.
    """
    params = json.loads(draw.params)
    orders: dict[str, list[str]] = {name: [] for name in params["strata"]}
    known = draw.entries.exclude(place=None).values_list("stratum", "token")
    removed = draw.events.exclude(entry=None).values_list("entry__stratum", "entry__token")
    for stratum, token in {*known, *removed}:
        orders[stratum].append(token)
    ordered = {name: drawing.drawing_order(draw.seed, name, tokens) for name, tokens in orders.items()}
    events = [json.loads(body) for body in draw.events.values_list("body", flat=True)]
    return outcome.rounds_of_places(params, ordered, events)
