"""The whole count of NC-2 from the text of ballots.csv: reading, strictness, index, intervals, probabilities, files."""

import os
from collections.abc import Iterator
from itertools import islice
from random import Random

from bench.measure import interleaved
from evaluations.scoring.counting import HEADER
from evaluations.scoring.methods import recount
from tests.evaluations.scoring.nc2.examples import rulebook

LINES = int(os.environ.get("BENCH_LINES", "20000"))
SECTIONS = [f"D{department:02d}-{section:02d}" for department in range(1, 22) for section in range(1, 6)]
MOST_SECTIONS = {"targeted": 14, "sampled": 4, "other": 2}


def run() -> None:
    """Print the CPU seconds of one recount."""
    rows = [",".join(HEADER) + "\n", *islice(_lines(), LINES)]
    book = rulebook(sections=SECTIONS, list_length=10)
    _, ours = interleaved(lambda: None, lambda: recount(rows, book), 3)
    print(f"{f'recount by NC-2 of {LINES:,} lines':<44} {ours:.2f} CPU-s  target < 2")


def _lines() -> Iterator[str]:
    rng = Random(1)
    for ballot in range(LINES):  # more than needed: every ballot has at least one line
        channel = rng.choice(list(MOST_SECTIONS))
        for section in rng.sample(SECTIONS, rng.randint(1, MOST_SECTIONS[channel])):
            answers = ",".join(rng.choice(["0", "0", "1", "1", "2", "3", ""]) for _ in HEADER[4:])
            yield f"b{ballot},{channel},,{section},{answers}\n"
