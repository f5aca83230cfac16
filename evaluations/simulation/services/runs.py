"""Many simulated rounds, on all processors: rounds depend on seed and number only, so their order does not matter."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from os import cpu_count
from typing import Any

import numpy as np

from evaluations.scoring.nc2.cells_file import rulebook_digest
from evaluations.scoring.nc2.method import METHOD, parse_method_two
from evaluations.scoring.result import decimal
from evaluations.simulation.rules.expectations import Expectation, complete, parse_expectation
from evaluations.simulation.rules.last_round import read_last_round
from evaluations.simulation.rules.outcomes import summary
from evaluations.simulation.services.people import slope
from evaluations.simulation.services.rounds import Setting, simulate
from nanchuan_eval.core.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class Task:
    """What is to be simulated: the files' documents (no expectation: the defaults; no last round: None)."""

    rulebook: Any
    expected: Any
    cells: Any
    rounds: int
    seed: int


def run(task: Task, *, processes: int | None = None, progress: Callable[[], object] = lambda: None) -> bytes:
    """Simulate the rounds and return their figures as canonical JSON."""
    filled = complete({} if task.expected is None else task.expected)
    setting, told = _setting(task, parse_expectation(filled))
    found = []
    with ProcessPoolExecutor(processes or cpu_count()) as pool:
        for measured in pool.map(partial(simulate, setting), range(task.rounds)):
            found.append(measured)
            progress()
    head = {
        "method": METHOD,
        "rulebook_sha256": rulebook_digest(task.rulebook),
        "cells_sha256": None if task.cells is None else sha256_hex(canonical_json(task.cells)),
        "sections": len(setting.method.sections),
        "list_length": setting.method.list_length,
        "rounds": task.rounds,
        "seed": task.seed,
        "expectation": filled,
        "from_cells": told,
    }
    return canonical_json(head | summary(found, has_attacks=setting.expectation.attacks))


def _setting(task: Task, expectation: Expectation) -> tuple[Setting, dict[str, str] | None]:
    """Return what the rounds have in common, and what the last round tells of it."""
    method = parse_method_two(task.rulebook)
    if task.cells is None:
        return Setting(method, expectation, task.seed), None
    last = read_last_round(task.cells, method, expectation)
    weights = {c: float(rule.weight) for c, rule in method.channels.items()}
    rise = slope(expectation, weights, method.levels, float(method.line_cap))
    spread, effect = last.spread / rise, last.channel_effect / rise
    expectation = replace(expectation, spread=Fraction(spread), channel_effect=Fraction(effect))
    popularity = np.array([last.popularity.get(section, 0.0) for section in method.sections])
    told = {"spread": decimal(Fraction(spread)), "channel_effect": decimal(Fraction(effect))}
    return Setting(method, expectation, task.seed, popularity), told
