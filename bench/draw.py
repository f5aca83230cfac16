"""Tickets and order of a large pool against the bare hashing loop."""

import hashlib
import os

from bench.measure import interleaved, report
from evaluations.rules.drawing import drawing_order

POOL = int(os.environ.get("BENCH_POOL", "200000"))
SEED = "0" * 64


def run() -> None:
    """Print the ratio for one stratum."""
    tokens = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(POOL)]

    def bare() -> None:
        for token in tokens:
            hashlib.sha256(f"nanchuan-draw/1/ticket\n{SEED}\n市民\n{token}".encode()).digest()

    floor, ours = interleaved(bare, lambda: drawing_order(SEED, "市民", tokens), 3)
    report(f"tickets and order of {POOL:,} ids", floor, ours, 2.5, "s", 1)
