"""A small district for the tests of the simulation: 24 sections, a list of three."""

from typing import Any

from evaluations.simulation.rules.expectations import Expectation, complete, parse_expectation
from tests.evaluations.scoring.nc2.examples import rulebook

SECTIONS = [f"S{number:02d}" for number in range(24)]
CHANNELS = {
    "targeted": {"weight": "1/2", "drawn": True},
    "sampled": {"weight": "3/10", "drawn": False},
    "other": {"weight": "1/5", "drawn": False},
}
BALLOTS = {"targeted": {"ballots": 120}, "sampled": {"ballots": 60}, "other": {"ballots": 240}}


def book(**changes: Any) -> dict[str, Any]:
    """The default rules over the small district."""
    return rulebook(**{"sections": SECTIONS, "list_length": 3, "channels": CHANNELS} | changes)


def expected(**changes: Any) -> dict[str, Any]:
    """A file of expectations with few ballots."""
    return {"channels": BALLOTS} | changes


def expectation(**changes: Any) -> Expectation:
    """The same, read."""
    return parse_expectation(complete(expected(**changes)))
