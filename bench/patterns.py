"""How many counted ballots and lines of a demonstration round stand alone.

Whoever prescribes such a pattern and sees it in a file knows that the ballot was cast as told.
"""

import os
from collections import Counter, defaultdict
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import call_command

from evaluations.ballots.models import Rating
from evaluations.scoring.method import Indicator

BALLOTS = int(os.environ.get("BENCH_BALLOTS", "400"))


def run() -> None:
    """Print the patterns alone: of whole ballots (openings), of single lines (ballots.csv)."""
    with TemporaryDirectory() as out, redirect_stderr(StringIO()):
        call_command("demo", no_serve=True, ballots=BALLOTS, seed=7, out=Path(out), stdout=StringIO())
    lines = Rating.objects.filter(is_counted=True).values_list("ballot_id", "section", "channel", *Indicator.values)
    ballots = defaultdict(list)
    for ballot, *line in lines.order_by("section"):
        ballots[ballot].append(tuple(line))
    _print("ballots alone with all their lines", Counter(map(tuple, ballots.values())))
    _print("lines alone in their section and channel", Counter(line for lines in ballots.values() for line in lines))


def _print(what: str, patterns: Counter[tuple[object, ...]]) -> None:
    alone = sum(times == 1 for times in patterns.values())
    print(f"{what:<44} {alone:,} of {patterns.total():,}")
