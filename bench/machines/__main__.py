"""`make machines`: a vote at two web servers and two databases that fail one by one; 1 if anything is lost or stale.

Networks, databases, Redis, nginx and gunicorn are this run's own and are removed at the end and on Ctrl-C. Needs root.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from bench.load.processes import require_programs
from bench.load.rules import Refused
from bench.machines.network import Network, require_machines
from bench.machines.report import lines
from bench.machines.vote import run
from tests.paths import ROOT

BOUNDS = {"voters": (1, 64), "seconds": (10, 900)}
NOT_STARTED, INTERRUPTED = 2, 130


def main(arguments: Sequence[str]) -> int:
    """Make the networks, run the vote inside the proxy's, and take everything down."""
    options = _options(arguments)
    if options.inside:
        found = run(Network(options.inside), options.voters, options.seconds)
        print("\n".join(lines(found)), flush=True)
        return 0 if found.holds else 1
    try:
        require_machines()
        require_programs()
        for name, (least, most) in BOUNDS.items():
            if not least <= getattr(options, name) <= most:
                raise Refused(f"{name} must be from {least} to {most}")
    except Refused as refusal:
        print(f"machines: {refusal}", file=sys.stderr)
        return NOT_STARTED
    return _run_inside(Network(), options)


def _run_inside(network: Network, options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        network.make()
        command = [sys.executable, "-m", "bench.machines", "--inside", network.name]
        command += ["--voters", str(options.voters), "--seconds", str(options.seconds)]
        with subprocess.Popen([*network.on("proxy"), *command], cwd=ROOT, env=dict(os.environ)) as running:
            return running.wait()
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        network.remove()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.machines", description=__doc__)
    parser.add_argument("--voters", type=int, default=8, help="voters at once, by default 8")
    parser.add_argument("--seconds", type=int, default=60, help="how long the vote lasts, by default 60")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
