"""Simulated rounds of the default district, with every attack: people, counting and recounting by NC-2."""

import os

from bench.measure import interleaved
from bench.score import SECTIONS
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.simulation.rules.expectations import complete, parse_expectation
from evaluations.simulation.services.rounds import Setting, simulate
from tests.evaluations.simulation.examples import book

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
COMMAND = 200  # rounds of the command by default


def run() -> None:
    """Print the CPU seconds of the command's 200 rounds, from a few of them."""
    method = parse_method_two(book(sections=SECTIONS, list_length=10))
    setting = Setting(method, parse_expectation(complete({})), seed=1)
    _, ours = interleaved(lambda: None, lambda: [simulate(setting, number) for number in range(ROUNDS)], 3)
    print(f"{f'simulation of {COMMAND} rounds':<44} {ours / ROUNDS * COMMAND:.0f} CPU-s  target < 600")
