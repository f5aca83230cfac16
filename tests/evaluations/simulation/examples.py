"""A small district for the tests of the simulation: 24 sections, a list of three."""

from typing import Any

from evaluations.simulation.rules.expectations import Expectation, complete, parse_expectation
from evaluations.simulation.rules.outcomes import summary
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


def result(**figures: str) -> dict[str, Any]:
    """What simulate_round might write for 200 rounds of the default district; figures by name."""
    told = {
        "recall": "0.7500",
        "innocents_listed": "0.9000",
        "innocent_share": "0.0100",
        "innocent_share_thin": "0.0070",
        "innocent_share_many": "0.0090",
        "unranked": "5.8000",
        "gate_passed": "1.0000",
        "true_listed_unranked": "0.6000",
        "certain": "1.4000",
        "certain_true": "0.9900",
        "coverage": "0.9950",
        "coverage_worst": "0.9870",
    } | figures
    document: dict[str, Any] = {
        "method": "NC-2",
        "rulebook_sha256": "0" * 64,
        "cells_sha256": None,
        "sections": 105,
        "list_length": 10,
        "rounds": 200,
        "seed": 1,
        "expectation": complete({}),
        "from_cells": None,
    }
    document |= summary([], has_attacks=True)
    for name, mean in told.items():
        document["figures"][name] = {"mean": mean, "error": "0.0100", "of": 2000}
    for row in [*document["bought"], *document["fakes"]]:
        row["listed"] = {"mean": f"{min(row['ballots'], 40) / 40:.4f}", "error": "0.0300", "of": 200}
    return document
