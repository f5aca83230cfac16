"""The attack table of docs/simulation.md, 4, anew: rounds with drawn clients of every section, and bought ballots.

The design is the one that the page gives, under the default rules; 120 rounds are those of the page, fewer are the
first of them. It needs numpy, and no database.
"""

import json
import os
import re
from typing import Any

import numpy as np

from bench.measure import cpu_seconds
from bench.score import SECTIONS
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.simulation.rules.expectations import complete, parse_expectation
from evaluations.simulation.rules.outcomes import BANDS, Ranks
from evaluations.simulation.services import runs
from evaluations.simulation.services.people import World, make_district, make_lines
from tests.evaluations.simulation.examples import book
from tests.paths import ROOT

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "120"))
SEED = 2026
PAGE = ROOT / "docs" / "simulation.md"
SHOWN = ("recall", "gate_passed", "unranked", "certain", "certain_true", "coverage_worst")


def design() -> Any:
    """Return design.json as the page gives it."""
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8").partition("## 4 ")[2], re.S)
    return json.loads(block)


def run() -> None:
    """Print the figures with their errors, then how often a middling section is listed, by its drawn lines."""
    before = cpu_seconds()
    task = runs.Task(book(sections=SECTIONS, list_length=10), design(), None, ROUNDS, SEED)
    found = json.loads(runs.run(task))
    print(f"{ROUNDS} rounds of seed {SEED}: {cpu_seconds() - before:,.0f} CPU-s", flush=True)
    for name in SHOWN:
        print(f"{name:<20} {_told(found['figures'][name])}")
    for row in found["bought"]:
        low, high = row["drawn_lines"]
        bought = f"{low}-{high} drawn lines, {row['ballots']} bought, rest {row['rest']}"
        print(f"{bought:<44} {_told(row['listed'])}")
    for row in found["fakes"]:
        print(f"{row['aim']:<7} {row['channel']:<8} {row['ballots']:>3} false  {_told(row['listed'])}")
    _print_all_middling(task, found["bought"])


def _print_all_middling(task: runs.Task, bought: list[dict[str, Any]]) -> None:
    """Print the middling sections by their drawn lines, and how often one of them all is listed; what lies between
    two bands counts to the lower one, what lies below them to the first, above to the last.
    """
    method, expectation = parse_method_two(task.rulebook), parse_expectation(complete(task.expected))
    numbers = []
    for number in range(task.rounds):
        rng = np.random.default_rng([task.seed, number])
        district = make_district(rng, expectation, len(method.sections), None)
        lines = make_lines(rng, World(expectation, district, method.levels), Channel.TARGETED)
        ranks = (np.argsort(np.argsort(-district.difficulty)) + 1).tolist()
        middling = sorted(Ranks(ranks, method.list_length).middling)
        numbers += np.bincount(lines.sections, minlength=len(ranks))[middling].tolist()
    starts = [low for low, _ in BANDS][1:]
    shares = [count / len(numbers) for count in np.bincount(np.digitize(numbers, starts), minlength=len(BANDS))]
    print("middling sections below 40, 40-60, 60-80, from 80 drawn lines:", *(f"{share:.1%}" for share in shares))
    for ballots, rest in dict.fromkeys((row["ballots"], row["rest"]) for row in bought):
        rows = [row["listed"] for row in bought if (row["ballots"], row["rest"]) == (ballots, rest)]
        listed = sum(share * float(row["mean"] or 0) for share, row in zip(shares, rows, strict=True))
        print(f"of all middling sections, {ballots} bought, rest {rest}: {listed:.2%}")


def _told(estimate: dict[str, Any]) -> str:
    return f"{estimate['mean']} ({estimate['error']}), of {estimate['of']}"
