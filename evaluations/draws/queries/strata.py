"""Strata of a draw with eligible people, seats and results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q

from evaluations.draws.models import Draw
from evaluations.protocol import drawing
from evaluations.rounds.rules.lifecycle import DrawPurpose

COUNTED_FOR = 86_400  # seconds


@dataclass(frozen=True)
class StratumLine:
    """One stratum: eligible people, seats, empty seats, and after the draw the tokens drawn."""

    name: str
    eligible: int
    seats: int
    empty: int
    selected: list[str] = field(default_factory=list)
    alternates: list[str] = field(default_factory=list)

    @property
    def percent(self) -> str:
        """The chance of each eligible person in percent, with one decimal."""
        tenths = (2000 * self.seats + self.eligible) // (2 * self.eligible) if self.eligible else 0
        return f"{tenths // 10}.{tenths % 10}%"


def strata_of(draw: Draw, params: Mapping[str, Any]) -> list[StratumLine]:
    """Return the strata as drawn, or before that as committed (seats do not depend on the seed)."""
    if draw.result:
        strata = json.loads(draw.result)["strata"].items()
        return [
            StratumLine(name, s["eligible"], s["quota"], s["shortfall"], s["selected"], s["alternates"])
            for name, s in strata
        ]
    found = _eligible(draw)
    eligible = {name: found[name] for name in params["strata"]}
    seats = drawing.seats(params["quota"], eligible, 1)
    fixed = params["quota"]["mode"] == "fixed"
    wanted = dict(zip(params["strata"], params["quota"]["rounds"][0], strict=True)) if fixed else seats
    return [StratumLine(name, eligible[name], seats[name], wanted[name] - seats[name]) for name in eligible]


def left_out(draw: Draw, params: Mapping[str, Any]) -> list[str]:
    """Return the sections of the round for which no client is drawn: too few could be drawn for their votes to hide."""
    if draw.purpose != DrawPurpose.CLIENTS:
        return []
    strata = set(params["strata"])
    named = (f"{code} {name}" for code, name in draw.round.sections.order_by("code").values_list("code", "name"))
    return [name for name in named if name not in strata]


def _eligible(draw: Draw) -> dict[str, int]:
    """Return the eligible people of each stratum; half a million lines are counted once, as they never change."""

    def count() -> dict[str, int]:
        rows = draw.entries.values_list("stratum").order_by()
        return dict(rows.annotate(people=Count("pk", filter=Q(exclusion=""))))

    found: Any = cache.get_or_set(f"draw/eligible/{draw.commit}", count, COUNTED_FOR)
    return found if isinstance(found, dict) else count()
