"""Strata of a draw with eligible people, seats and results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from evaluations.draws.models import Draw
from evaluations.protocol import drawing


@dataclass(frozen=True)
class StratumLine:
    """One stratum: eligible people, seats, empty seats, and after the draw the tokens drawn."""

    name: str
    eligible: int
    seats: int
    empty: int
    selected: list[str] = field(default_factory=list)
    alternates: list[str] = field(default_factory=list)


def strata_of(draw: Draw, params: Mapping[str, Any]) -> list[StratumLine]:
    """Return the strata as drawn, or before that as committed (seats do not depend on the seed)."""
    if draw.result:
        strata = json.loads(draw.result)["strata"].items()
        return [
            StratumLine(name, s["eligible"], s["quota"], s["shortfall"], s["selected"], s["alternates"])
            for name, s in strata
        ]
    counts = draw.entries.values_list("stratum").order_by().annotate(n=Count("pk", filter=Q(exclusion="")))
    found = dict(counts)
    eligible = {name: found[name] for name in params["strata"]}
    seats = drawing.seats(params["quota"], eligible, 1)
    fixed = params["quota"]["mode"] == "fixed"
    wanted = dict(zip(params["strata"], params["quota"]["rounds"][0], strict=True)) if fixed else seats
    return [StratumLine(name, eligible[name], seats[name], wanted[name] - seats[name]) for name in eligible]
