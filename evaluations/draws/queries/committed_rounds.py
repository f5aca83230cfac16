"""The committed rounds of a draw (追加): which one it is in, and the seats that each of them has."""

import json
from datetime import datetime

from evaluations.draws.models import Draw
from evaluations.protocol import drawing


def current_round(draw: Draw) -> int:
    """Return the number of the current round."""
    return int(json.loads(draw.result)["round"])


def seats_of(draw: Draw) -> int:
    """Return the seats of the draw in its current round."""
    return sum(line["quota"] for line in json.loads(draw.result)["strata"].values())


def seats_by_round(draw: Draw) -> list[dict[str, int]]:
    """Return stratum -> seats in each committed round, the first one first."""
    params, strata = json.loads(draw.params), json.loads(draw.result)["strata"]
    eligible = {name: strata[name]["eligible"] for name in params["strata"]}
    return [drawing.seats(params["quota"], eligible, number) for number, _ in enumerate(params["quota"]["rounds"], 1)]


def more_seats(draw: Draw) -> int:
    """Return how many people the next committed round draws beyond those of the current one; 0 after the last."""
    left = seats_by_round(draw)[current_round(draw) :]
    return sum(left[0].values()) - seats_of(draw) if left else 0


def opened_at(draw: Draw) -> list[datetime]:
    """Return when each further round was opened (one query)."""
    events = draw.events.values_list("body", "at")
    return [at for body, at in events if json.loads(body)["type"] == "open_round"]
