"""Tickets and order of a large pool against the bare hashing loop; a whole draw with its proof streamed to disk."""

import hashlib
import os
import resource
import tempfile
from pathlib import Path

from tqdm import tqdm

from bench.measure import cpu_seconds, interleaved, report
from evaluations.protocol import drawing, outcome
from evaluations.protocol.drawing import drawing_order
from evaluations.protocol.proofs import proof_chunks

POOL = int(os.environ.get("BENCH_POOL", "200000"))
SEED = "0" * 64
STRATA = ("两代表一委员", "其他", "市场主体", "服务对象", "村居干部和居民代表")
SOURCES = [{"label": "骰子", "n": 20, "min": 0, "max": 9, "order": "drawn", "fallback": "重掷"}]


def run() -> None:
    """Print the ratio for one stratum, then CPU and memory of the whole draw."""
    tokens = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(POOL)]

    def bare() -> None:
        for token in tokens:
            hashlib.sha256(f"nanchuan-draw/1/ticket\n{SEED}\n市民\n{token}".encode()).digest()

    floor, ours = interleaved(bare, lambda: drawing_order(SEED, "市民", tokens), 3)
    report(f"tickets and order of {POOL:,} ids", floor, ours, 2.5, "s", 1)
    _whole(tokens)


def _whole(tokens: list[str]) -> None:
    pool = [(STRATA[n % len(STRATA)], token) for n, token in enumerate(tokens)]
    started = cpu_seconds()
    params = drawing.make_params(
        draw_id="bench",
        purpose="evaluators",
        pool=pool,
        exclusions=[],
        quota={"mode": "proportional", "min": 0, "rounds": [1000]},
        alternates=100,
        randomness=SOURCES,
        note="",
    )
    committed = cpu_seconds()
    with tqdm(total=POOL, desc="抽取", unit="票") as bar:
        result = outcome.draw(params, pool, [], [[1] * 20], progress=bar.update)
    drawn = cpu_seconds()
    parts = {
        "params": params,
        "commit": drawing.commitment(params),
        "randomness": [[1] * 20],
        "events": [],
        "result": result,
    }
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as target:
        target.writelines(proof_chunks(parts, pool, []))
        target.flush()
        size = Path(target.name).stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{f'whole draw of {POOL:,} ids':<44} commit {committed - started:.2f}  draw {drawn - committed:.2f}"
        f"  proof {cpu_seconds() - drawn:.2f} CPU-s, {size / 1e6:,.0f} MB on disk, peak {peak:,.0f} MB (target < 1,000)"
    )
