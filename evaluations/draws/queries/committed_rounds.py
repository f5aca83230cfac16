"""The committed rounds of a draw (追加): which one it is in, and the seats that each of them has."""

import json
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from evaluations.draws.models import Draw
from evaluations.protocol import drawing


class Outcome(NamedTuple):
    """What pages ask of a result, which may name a hundred thousand tokens: its round, the numbers by stratum."""

    round: int
    eligible: dict[str, int]
    seats: dict[str, int]
    people: dict[str, int]


@lru_cache(maxsize=4)
def _outcome(result: str) -> Outcome:
    parsed = json.loads(result)
    strata = parsed["strata"].items()
    return Outcome(
        int(parsed["round"]),
        {name: line["eligible"] for name, line in strata},
        {name: line["quota"] for name, line in strata},
        {name: len(line["selected"]) for name, line in strata},
    )


def current_round(draw: Draw) -> int:
    """Return the number of the current round."""
    return _outcome(draw.result).round


def seats_of(draw: Draw) -> int:
    """Return the seats of the draw in its current round."""
    return sum(_outcome(draw.result).seats.values())


def people_of(draw: Draw) -> dict[str, int]:
    """Return stratum -> people now drawn: fewer than seats where nobody could take the place of one removed."""
    return _outcome(draw.result).people


def eligible_of(draw: Draw) -> dict[str, int]:
    """Return stratum -> how many could be drawn, in the order of the committed parameters."""
    eligible = _outcome(draw.result).eligible
    return {name: eligible[name] for name in json.loads(draw.params)["strata"]}


def seats_by_round(draw: Draw) -> list[dict[str, int]]:
    """Return stratum -> seats in each committed round, the first one first."""
    quota, eligible = json.loads(draw.params)["quota"], eligible_of(draw)
    return [drawing.seats(quota, eligible, number) for number, _ in enumerate(quota["rounds"], 1)]


def more_seats(draw: Draw) -> int:
    """Return how many people the next committed round draws beyond those of the current one; 0 after the last."""
    left = seats_by_round(draw)[current_round(draw) :]
    return sum(left[0].values()) - seats_of(draw) if left else 0


def opened_at(draw: Draw) -> list[datetime]:
    """Return when each further round was opened (one query)."""
    events = draw.events.values_list("body", "at")
    return [at for body, at in events if json.loads(body)["type"] == "open_round"]
