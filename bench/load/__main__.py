"""`make load`: voters at a deployment of its own that is killed and restarted; 1 if a ballot is lost or double.

PostgreSQL, Redis and gunicorn run in temporary folders on loopback addresses and are removed at the end and on Ctrl-C.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from bench.load.citizens import Booth, Vote
from bench.load.disturber import Disturber
from bench.load.processes import Redis, Server, collect_static, deployment, require_programs, run_round
from bench.load.report import Findings, lines
from bench.load.rules import BOUNDS, Plan, Refused, compare, disturbances, make_plan, require_loopback
from tests.concurrency.cluster import Cluster, free_port

# How long citizens without an answer press on after the vote's time is over.
PATIENCE = 60
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NOT_STARTED, INTERRUPTED = 2, 130
Started = TypeVar("Started", Cluster, Redis, Server)


def main(arguments: Sequence[str]) -> int:
    """Run a load test and print what it found."""
    options = vars(_options(arguments))
    host = options.pop("host")
    for number in STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _interrupt)
    try:
        require_loopback(host)
        plan = make_plan(**options)
        require_programs()
        found = run(plan, host)
    except Refused as refusal:
        print(f"load: {refusal}", file=sys.stderr)
        return NOT_STARTED
    except KeyboardInterrupt:
        print("load: stopped; everything it started is removed", file=sys.stderr)
        return INTERRUPTED
    print("\n".join(lines(found)))
    return 0 if found.verdict.holds and not found.fault else 1


def run(plan: Plan, host: str) -> Findings:
    """Run the load test on a deployment of its own, which is removed whatever happens."""
    with ExitStack() as undo:
        try:
            return _run(plan, host, undo)
        finally:
            _ignore_interrupts()  # nothing stops the removal


def _run(plan: Plan, host: str, undo: ExitStack) -> Findings:
    """Set up the deployment, let citizens vote while it is disturbed, seal the box and compare."""
    cluster = _started(undo, Cluster)
    folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="nanchuan-load-")))
    redis = _started(undo, lambda: Redis(folder))
    environment = deployment(cluster, folder, host, redis.socket)
    codes = run_round(environment, "prepare", str(plan.codes))
    collect_static(environment)
    server = _started(undo, lambda: Server(host, free_port(), environment))
    server.wait_until_ready()
    disturber = Disturber(server, cluster, disturbances(plan))
    undo.callback(disturber.finish)
    now = time.monotonic()
    vote = Vote(host, server.port, deque(codes), now + plan.seconds, now + plan.seconds + PATIENCE)
    _let_vote(plan, vote, disturber)
    seconds = time.monotonic() - now
    box = run_round(environment, "seal")
    verdict = compare(vote.attempts, box["receipts"], box["used"])
    return Findings(
        plan=plan,
        citizens=len(vote.attempts),
        verdict=verdict,
        presses=vote.presses,
        unanswered=len(vote.unanswered),
        done=disturber.done,
        fault=disturber.fault,
        seconds=seconds,
        has_redis=redis.socket is not None,
    )


def _started(undo: ExitStack, start: Callable[[], Started]) -> Started:
    """Start something and note its removal; Ctrl-C waits for both, or what has just started would be left."""
    put_off: list[int] = []
    numbers = [number for number in STOPPING if signal.getsignal(number) is _interrupt]
    for number in numbers:
        signal.signal(number, lambda number, _: put_off.append(number))
    try:
        started = start()
        undo.callback(started.remove)
    finally:
        for number in numbers:
            signal.signal(number, _interrupt)
    if put_off:
        _interrupt(put_off[0], None)
    return started


def _let_vote(plan: Plan, vote: Vote, disturber: Disturber) -> None:
    booths = [Booth(vote, seed) for seed in range(plan.voters)]
    for thread in (disturber, *booths):
        thread.start()
    for booth in booths:
        booth.join()
    disturber.finish()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    for name, default in {"voters": 8, "seconds": 60, "kills": 12, "restarts": 4}.items():
        least, most = BOUNDS[name]
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{least} to {most}, by default {default}")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address on which everything listens")
    return parser.parse_args(arguments)


def _interrupt(number: int, frame: object) -> None:
    _ignore_interrupts()
    raise KeyboardInterrupt


def _ignore_interrupts() -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
