"""One simulated round: people answer, the product's own rules count, then the same round again under each attack."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.random import Generator

from evaluations.scoring.counting import Line, count_lines
from evaluations.scoring.method import Channel, Indicator
from evaluations.scoring.nc2.ballots import Ballots, count_ballots
from evaluations.scoring.nc2.index import Figures, score_ballots
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import publication, standings
from evaluations.scoring.result import CERTAIN
from evaluations.simulation.rules.expectations import Expectation
from evaluations.simulation.rules.outcomes import (
    BANDS,
    BOUGHT,
    FAKES,
    RESTS,
    Key,
    Outcome,
    Pair,
    Ranks,
    aimed_ranks,
    measure,
)
from evaluations.simulation.services.people import Floats, Ints, Lines, World, false_lines, make_district, make_lines

Vote = tuple[str, Line]  # a ballot's name and one of its lines, as the method reads them


@dataclass(frozen=True)
class Setting:
    """What all rounds of a simulation have in common; popularity by section where the last round tells it."""

    method: MethodTwo
    expectation: Expectation
    seed: int
    popularity: Floats | None = None


@dataclass(frozen=True)
class Cast:
    """The lines of a round by channel, and what was counted of them."""

    world: World
    lines: Mapping[str, Lines]
    votes: Mapping[str, list[Vote]]
    ballots: Ballots


def simulate(setting: Setting, number: int) -> dict[Key, Pair]:
    """Simulate one round of a seed: nothing depends on other rounds."""
    rng = np.random.default_rng([setting.seed, number])
    method, expectation = setting.method, setting.expectation
    district = make_district(rng, expectation, len(method.sections), setting.popularity)
    world = World(expectation, district, method.levels)
    lines = {c: make_lines(rng, world, Channel(c)) for c in method.channels}
    votes = {c: _votes(method, c, of) for c, of in lines.items()}
    cast = Cast(world, lines, votes, count_ballots(method, chain(*votes.values())))
    truth = Ranks((np.argsort(np.argsort(-district.difficulty)) + 1).tolist(), method.list_length)
    outcome = count(method, cast.ballots)
    business = set(np.flatnonzero(district.serves_business).tolist()) if expectation.strata else None
    measured = measure(truth, outcome, business)
    if expectation.attacks:
        measured |= _bought(rng, method, cast, truth, outcome) | _fakes(rng, method, cast, truth, outcome)
    return measured


def count(method: MethodTwo, ballots: Ballots) -> Outcome:
    """Count as the product does."""
    figures, _ = score_ballots(method, ballots)
    found = standings(method, figures)
    rows = [found[section] for section in method.sections]
    return Outcome(
        listed={n for n, row in enumerate(rows) if row.is_listed},
        certain={n for n, row in enumerate(rows) if row.label == CERTAIN},
        unranked={n for n, row in enumerate(rows) if not row.score.has_enough},
        intervals=[row.interval for row in rows],
        is_allowed=publication(method, found).is_allowed,
        lines=_visible(figures, method.sections),
    )


def _visible(figures: Figures, sections: Iterable[str]) -> list[int]:
    return [sum(cell.lines or 0 for cell in figures.cells[section].values()) for section in sections]


def _votes(method: MethodTwo, channel: str, lines: Lines, name: str = "b") -> list[Vote]:
    rows = zip(lines.ballots.tolist(), lines.sections.tolist(), lines.answers.tolist(), strict=True)
    return [
        (f"{name}{ballot}", Line(method.sections[section], channel, tuple(None if x < 0 else x for x in row)))
        for ballot, section, row in rows
    ]


def _recounted(method: MethodTwo, cast: Cast, channel: str, votes: list[Vote], changed: list[Vote]) -> Outcome:
    """Count again with other votes in one channel: anew the cells and the ballots of those that are changed."""
    sections, names = {line.section for _, line in changed}, {name for name, _ in changed}
    cells = count_lines(method, (line for _, line in votes if line.section in sections))
    sheets = dict(cast.ballots.sheets)
    if channel in sheets:
        was, is_now = (
            count_ballots(method, (vote for vote in some if vote[0] in names)).sheets[channel]
            for some in (cast.votes[channel], votes)
        )
        sheets[channel] = Counter(sheets[channel]) - Counter(was) + Counter(is_now)
    return count(method, Ballots({**cast.ballots.cells, **cells}, sheets))


def _bought(rng: Generator, method: MethodTwo, cast: Cast, truth: Ranks, outcome: Outcome) -> dict[Key, Pair]:
    """Return whether a middling section is listed once some of its targeted ballots are bought, by its drawn lines."""
    found: dict[Key, Pair] = {}
    targeted = cast.lines.get(Channel.TARGETED)
    if targeted is None:
        return found
    numbers = np.bincount(targeted.sections, minlength=cast.world.size)
    for low, high in BANDS:
        open_to_it = [s for s in sorted(truth.middling) if low <= numbers[s] <= high]
        if not open_to_it:
            continue
        section = int(rng.choice(open_to_it))
        sellers = rng.permutation(np.flatnonzero(targeted.sections == section))
        found["bought", low, high, 0, "kept"] = int(section in outcome.listed), 1
        for ballots in BOUGHT:
            for rest in RESTS:
                votes, changed = _with_sold(method, cast, sellers[:ballots], is_zero=rest == "zero")
                is_listed = section in _recounted(method, cast, Channel.TARGETED, votes, changed).listed
                found["bought", low, high, ballots, rest] = int(is_listed), 1
    return found


def _with_sold(method: MethodTwo, cast: Cast, sold: Ints, *, is_zero: bool) -> tuple[list[Vote], list[Vote]]:
    """Return the targeted votes with some sold, the rest of these ballots 0 or as before; and those that changed."""
    lines, votes = cast.lines[Channel.TARGETED], list(cast.votes[Channel.TARGETED])
    places = np.flatnonzero(np.isin(lines.ballots, lines.ballots[sold])) if is_zero else sold
    answers = np.zeros((len(places), len(Indicator)), np.int64)
    answers[np.isin(places, sold)] = cast.world.levels
    changed = _votes(method, Channel.TARGETED, Lines(lines.ballots[places], lines.sections[places], answers))
    for place, vote in zip(places.tolist(), changed, strict=True):
        votes[place] = vote
    return votes, changed


def _fakes(rng: Generator, method: MethodTwo, cast: Cast, truth: Ranks, outcome: Outcome) -> dict[Key, Pair]:
    """Return whether false ballots in an open channel list a section, or keep one off the list."""
    found: dict[Key, Pair] = {}
    for aim, rank in aimed_ranks(cast.world.size, method.list_length).items():
        section = truth.at(rank)
        for channel in [c for c in FAKES if c in cast.lines]:
            fakes = false_lines(rng, cast.world, section, FAKES[channel], praise=aim == "praise")
            added = _votes(method, channel, fakes, "f")
            is_listed = section in _recounted(method, cast, channel, [*cast.votes[channel], *added], added).listed
            found["fakes", aim, channel, 0] = int(section in outcome.listed), 1
            found["fakes", aim, channel, FAKES[channel]] = int(is_listed), 1
    return found
